// Adds to package-lock.json the optional packages of other platforms that the registry at hand did not serve:
// without them `npm ci` calls the lock file out of date. They carry no integrity, and are installed on their own platform only.
import { readFileSync, writeFileSync } from "node:fs";

const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
const OS = ["android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32", "aix"];
const CPU = ["arm64", "arm", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "x64", "wasm32"];
const names = (text, from) =>
  from.find((each) => text.split("-").some((part) => part === each || (each === "arm" && part.startsWith("arm") && part !== "arm64")));

/** The package that `name` resolves to from the package at `path`, as Node looks it up. */
const resolve = (path, name) => {
  for (let at = path; at !== ""; at = at.slice(0, Math.max(0, at.lastIndexOf("/node_modules/")))) {
    const found = lock.packages[`${at}/node_modules/${name}`];
    if (found) return found;
  }
  return lock.packages[`node_modules/${name}`];
};

let added = 0;
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    const found = resolve(path, name);
    if (found && (found.version === range || /^[~^]/.test(range))) continue;
    const version = range.replace(/^[~^]/, "");
    const suffix = name.split("/").at(-1);
    const [os, cpu] = [names(suffix, OS), names(suffix, CPU)];
    const top = `node_modules/${name}`;
    const key = lock.packages[top] ? `${path}/node_modules/${name}` : top;
    lock.packages[key] = {
      version,
      ...(entry.dev ? { dev: true } : {}),
      optional: true,
      ...(os ? { os: [os] } : {}),
      ...(cpu ? { cpu: [cpu] } : {}),
    };
    added += 1;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync("package-lock.json", `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} packages added`);
