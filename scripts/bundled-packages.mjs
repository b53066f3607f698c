// Lists the packages whose code is in `dist/`. They are development dependencies, so npm does not know that they are published.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** `name@version` of each package in the bundles of `directory`, from the licenses that the build writes beside them. */
export const listBundledPackages = (directory, lockFile) => {
  const locked = new Set(
    Object.entries(JSON.parse(readFileSync(lockFile, "utf8")).packages).map(([path, { name, version }]) => {
      const installed = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
      return `${name ?? installed}@${version}`;
    }),
  );
  const texts = readdirSync(directory).filter((file) => file.endsWith(".licenses.txt"));
  const headings = texts.flatMap((file) => readFileSync(join(directory, file), "utf8").match(/^\S+ \S+ \(.*\)$/gm) ?? []);
  const found = headings.map((heading) => heading.split(" ").slice(0, 2).join("@"));
  return new Set(found.filter((each) => locked.has(each)));
};
