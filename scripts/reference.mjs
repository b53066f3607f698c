// Generates the pages of docs/reference from the code: `npm run reference`. `--check` writes nothing and fails if a page is outdated.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { rolldown } from "rolldown";

const root = join(import.meta.dirname, "..");
const target = join(root, "docs", "reference");
const format = (path, input) => {
  const args = [join(root, "node_modules", "oxfmt", "bin", "oxfmt"), `--stdin-filepath=${path}`];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, input, encoding: "utf8" });
  if (status !== 0) throw new Error(`oxfmt failed: ${stderr}`);
  return stdout;
};

mkdirSync(join(root, "dist"), { recursive: true });
// Below dist, where Node finds the packages that are not bundled, and which git ignores.
const directory = mkdtempSync(join(root, "dist", "reference-"));
try {
  // Node 20 cannot run TypeScript.
  const bundle = await rolldown({
    input: join(root, "scripts", "reference", "pages.ts"),
    platform: "node",
    external: [/^node:/, /^rolldown/],
    logLevel: "silent",
  });
  const { output } = await bundle.write({ dir: directory, format: "esm", entryFileNames: "pages.mjs", chunkFileNames: "[name].mjs" });
  await bundle.close();
  const { writeReferencePages } = await import(pathToFileURL(join(directory, output[0].fileName)).href);
  const pages = await writeReferencePages(root);
  const stale = [];
  for (const [name, draft] of pages) {
    const [text, path] = [format(`docs/reference/${name}`, `${draft}\n`), join(target, name)];
    if (existsSync(path) && readFileSync(path, "utf8") === text) continue;
    stale.push(`docs/reference/${name}`);
    if (!process.argv.includes("--check")) {
      mkdirSync(target, { recursive: true });
      writeFileSync(path, text);
    }
  }
  if (process.argv.includes("--check") && stale.length > 0) {
    console.error(`stale: ${stale.join(", ")}; run npm run reference`);
    process.exitCode = 1;
  } else console.log(stale.length === 0 ? "docs/reference is fresh" : `written: ${stale.join(", ")}`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
