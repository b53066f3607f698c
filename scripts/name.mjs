#!/usr/bin/env node
// Changes the publisher and the version of Enki in `src/core/domain/product.ts` and in every other file that contains them:
//   npm run name -- <owner>/<repository> [--package <name>] [--version <x.y.z>]
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

const MODULE = "src/core/domain/product.ts";
const FORMS = {
  slug: /^[A-Za-z0-9][A-Za-z0-9-]{0,38}\/[A-Za-z0-9._-]{1,100}$/,
  package: /^@[a-z0-9][a-z0-9._-]*\/[a-z0-9][a-z0-9._-]*$/,
  version: /^\d+\.\d+\.\d+$/,
};
/** History and recorded data keep their old names. */
const KEPT = /^CHANGELOG\.md$|^test\/(?:fixtures|local-github\/api\/github)\//;

const readName = (text, field) => new RegExp(`${field}: "([^"]+)"`).exec(text)[1];
const escape = (text) => text.replaceAll(/[.\\/]/g, "\\$&");

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { package: { type: "string" }, version: { type: "string" } },
});
const text = readFileSync(MODULE, "utf8");
const old = {
  slug: `${readName(text, "owner")}/${readName(text, "repository")}`,
  package: readName(text, "packageName"),
  version: readName(text, "version"),
};
const next = {
  slug: positionals[0] ?? old.slug,
  package: values.package ?? (positionals[0] ? `@${positionals[0].toLowerCase()}` : old.package),
  version: values.version ?? old.version,
};
for (const [field, form] of Object.entries(FORMS)) {
  if (form.test(next[field])) continue;
  process.stderr.write(
    `'${next[field]}' is no ${field}: npm run name -- <owner>/<repository> [--package @<scope>/<name>] [--version <x.y.z>]\n`,
  );
  process.exit(2);
}

const replaceNames = (content) =>
  content
    .replaceAll(new RegExp(`(${escape(old.slug)}[@#]v)${escape(old.version)}(?![\\w.-])`, "g"), `$1${next.version}`)
    .replaceAll(new RegExp(`(?<![\\w/@-])${escape(old.package)}(?![\\w-])|(?<![\\w@-])${escape(old.slug)}(?![\\w-])`, "g"), (name) =>
      name === old.package ? next.package : next.slug,
    );

const [owner, repository] = next.slug.split("/");
const CHANGES = {
  [MODULE]: (content) =>
    content
      .replace(/owner: "[^"]+"/, `owner: "${owner}"`)
      .replace(/repository: "[^"]+"/, `repository: "${repository}"`)
      .replace(/packageName: "[^"]+"/, `packageName: "${next.package}"`)
      .replace(/version: "[^"]+"/, `version: "${next.version}"`),
  "package.json": (content) => replaceNames(content).replace(/("version": ")[^"]+/, `$1${next.version}`),
  "package-lock.json": (content) =>
    content
      .replaceAll(`"name": "${old.package}"`, `"name": "${next.package}"`)
      .replace(/("version": ")[^"]+/, `$1${next.version}`)
      .replace(/("": \{\s+"name": "[^"]+",\s+"version": ")[^"]+/, `$1${next.version}`),
};

const files = spawnSync("git", ["ls-files", "-z"], { encoding: "utf8" }).stdout.split("\0");
for (const file of files.filter((path) => path !== "" && !KEPT.test(path))) {
  const content = readFileSync(file, "utf8");
  const changed = (CHANGES[file] ?? replaceNames)(content);
  if (changed === content) continue;
  writeFileSync(file, changed);
  process.stdout.write(`${file}\n`);
}
