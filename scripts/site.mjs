// Builds a site from docs/ with VitePress: `npm run site -- [<directory>]`, by default `site`. VitePress is not a dependency:
// it is installed into a temporary directory. It fails on a dead link between pages; links to files beside docs/ lead to the repository.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix, resolve } from "node:path";

const PACKAGE = "vitepress@1.6.4";
const root = join(import.meta.dirname, "..");
const target = resolve(process.argv[2] ?? join(root, "site"));
const repository = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
  .repository.url.replace(/^git\+/, "")
  .replace(/\.git$/, "");

const SECTIONS = [
  ["Start", ["install", "agents", "ci", "terminal", "rehearsals", "troubleshooting"]],
  ["Use", ["reading", "reviewing", "landing", "proofs", "refinery", "writing-roles", "writing-workflows"]],
  ["Reference", ["reference/configuration", "reference/commands", "reference/cli", "reference/action", "glossary"]],
];

const titleOf = (text) => /^# (.+)$/m.exec(text)?.[1] ?? "Enki";

/** Points a link out of docs/ to the file in the repository. */
const linkOut = (page, text) =>
  text.replaceAll(/\]\((?!https?:|mailto:|#)([^)\s]+)\)/g, (link, path) => {
    const file = posix.join("docs", posix.dirname(page), path);
    return file.startsWith("docs/") && /\.(?:md|png|svg)(?:#|$)/.test(file) ? link : `](${repository}/blob/main/${file})`;
  });

/** Workflow templates look like Vue's, so VitePress would evaluate them. */
const withoutTemplates = (text) => `::::: v-pre\n\n${text.trimEnd()}\n\n:::::\n`;

const directory = realpathSync(mkdtempSync(join(tmpdir(), "enki-site-")));
try {
  const install = ["install", "--prefix", directory, "--no-audit", "--no-fund", PACKAGE];
  if (spawnSync("npm", install, { stdio: "ignore" }).status !== 0) {
    console.log(`skipped: the site, because npm cannot install ${PACKAGE}`);
    process.exit(0);
  }
  const source = join(directory, "docs");
  cpSync(join(root, "docs"), source, { recursive: true });
  const pages = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".md"));
  const titles = new Map();
  for (const page of pages) {
    const text = readFileSync(join(source, page), "utf8");
    titles.set(page.slice(0, -".md".length), titleOf(text));
    writeFileSync(join(source, page), withoutTemplates(linkOut(page, text)));
  }
  // The README is the first page; its links start beside docs/.
  const readme = readFileSync(join(root, "README.md"), "utf8").replaceAll(/\]\(docs\/(?=[^)]+\.(?:md|png))/g, "](./");
  writeFileSync(
    join(source, "index.md"),
    withoutTemplates(readme.replaceAll(/\]\((?!https?:|#|\.\/)([^)\s]+)\)/g, (_link, path) => `](${repository}/blob/main/${path})`)),
  );
  const entry = (page) => ({ text: titles.get(page) ?? page, link: `/${page}` });
  const listed = new Set(SECTIONS.flatMap(([, names]) => names));
  const others = [...titles.keys()].filter((page) => !listed.has(page)).toSorted((a, b) => a.localeCompare(b));
  const config = {
    title: "Enki",
    description: "`/enki fix …` on an issue becomes landed pull requests",
    outDir: target,
    themeConfig: {
      search: { provider: "local" },
      socialLinks: [{ icon: "github", link: repository }],
      sidebar: [...SECTIONS, ["More", others]].map(([text, names]) => ({ text, items: names.map(entry) })),
    },
  };
  mkdirSync(join(source, ".vitepress"));
  writeFileSync(join(source, ".vitepress", "config.mjs"), `export default ${JSON.stringify(config)};\n`);
  const built = spawnSync(join(directory, "node_modules", ".bin", "vitepress"), ["build", source], { cwd: directory, stdio: "inherit" });
  if (built.status !== 0) process.exitCode = 1;
  else console.log(`written: ${target}`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
