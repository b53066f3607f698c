import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig, type OutputOptions, type Plugin } from "rolldown";
import { precompilePrompts } from "./scripts/precompile-prompts.ts";

/** Modules that are never used. Gray-matter's engines evaluate JavaScript; Bottleneck's two evaluate `require` to find Redis. */
const withoutEvaluation: Plugin = {
  name: "without-evaluation",
  load: {
    filter: { id: /gray-matter\/lib\/engines\.js$|bottleneck\/lib\/(?:IO)?RedisConnection\.js$/ },
    handler: () => "module.exports = {};",
  },
};

/**
 * Large modules for features that Enki does not use: identity tokens and platform details of Actions with an HTTP client of their own,
 * functions in YAML, source maps of templates, and the check of what people enter into forms of MCP, and its tasks. The packages of functions and source
 * maps are optional to the modules that require them.
 */
const UNUSED_MODULES: readonly (readonly [RegExp, string])[] = [
  [/@actions\/core\/lib\/oidc-utils\.js$/, "export const OidcClient = undefined;"],
  [/@actions\/core\/lib\/platform\.js$/, "export {};"],
  [/node_modules\/(?:esprima|source-map)\//, 'throw new Error("not bundled");'],
  [
    /@modelcontextprotocol\/sdk\/dist\/esm\/validation\/ajv-provider\.js$/,
    'export class AjvJsonSchemaValidator { getValidator() { throw new Error("not bundled"); } }',
  ],
  [
    /@modelcontextprotocol\/sdk\/dist\/esm\/experimental\/tasks\/(?:server|client)\.js$/,
    "export class ExperimentalServerTasks {} export class ExperimentalClientTasks {}",
  ],
];
const withoutUnused: Plugin = {
  name: "without-unused",
  load: {
    filter: { id: UNUSED_MODULES.map(([pattern]) => pattern) },
    handler: (id) => UNUSED_MODULES.find(([pattern]) => pattern.test(id))?.[1],
  },
};

/** Octokit's list of all endpoints of GitHub, for methods that the action never calls: Enki names each route itself. The App's Probot calls some. */
const withoutEndpoints: Plugin = {
  name: "without-endpoints",
  load: {
    filter: { id: /@octokit\/plugin-rest-endpoint-methods\/dist-src\/generated\/endpoints\.js$/ },
    handler: () => "export default {};",
  },
};

/** The directory of the package that a module belongs to; null for a module of Enki's own. */
const findPackage = (module: string): string | null => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(module)?.[0] ?? null;

const readLicense = (directory: string): string => {
  const { name, version, license } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as Record<
    string,
    string | undefined
  >;
  const file = readdirSync(directory).find((each) => /^licen[cs]e/i.test(each));
  const text = file === undefined ? "" : readFileSync(join(directory, file), "utf8").trim();
  return `${name} ${version} (${license ?? "see its text"})\n\n${text}`.trim();
};

/** Data that is copied into the sources together with its license. */
const VENDORED_DATA = /\/gitleaks-rules\.json$/;

const readVendoredLicense = (file: string): string => {
  const { source, version, license } = JSON.parse(readFileSync(file, "utf8")) as { source: string; version: string; license: string[] };
  return `${source} ${version} (MIT)\n\n${license.join("\n")}`;
};

/** Writes the licenses of all packages and copied data in a bundle beside it, because the bundle is a copy of them. */
const withLicenses = (name: string): Plugin => ({
  name: "with-licenses",
  generateBundle() {
    const packages = new Set([...this.getModuleIds()].flatMap((id) => findPackage(id) ?? []));
    const texts = [...packages]
      .filter((directory) => existsSync(join(directory, "package.json")))
      .sort()
      .map(readLicense);
    texts.push(...[...this.getModuleIds()].filter((id) => VENDORED_DATA.test(id)).map(readVendoredLicense));
    this.emitFile({
      type: "asset",
      fileName: `${name}.licenses.txt`,
      source: `${[...new Set(texts)].join(`\n\n${"-".repeat(80)}\n\n`)}\n`,
    });
  },
});

/** The bundles that Node starts by their names. */
const PROGRAMS = ["cli", "foreign-step"];

/** Adds the file with which Node starts a bundle for `load-bundle.ts`. */
const withStart = (name: string): Plugin => ({
  name: "with-start",
  generateBundle() {
    const lines = [
      "#!/usr/bin/env node",
      'import { createRequire } from "node:module";',
      `createRequire(import.meta.url)("./load-bundle.cjs").load("${name}");`,
    ];
    this.emitFile({ type: "asset", fileName: `${name}.js`, source: `${lines.join("\n")}\n` });
  },
});

// Names of functions would be a ninth of the bundle, set one by one at each start. Names of classes are part of what people read: they name
// errors. A place in a bundle leads to its source through the map of a build of the same tag (`--sourcemap`).
const minify = { compress: true, mangle: { keepNames: { function: false, class: true } }, codegen: { removeWhitespace: true } } as const;
const directory = process.env["ENKI_BUNDLES"] ?? "dist";
const findInput = (name: string): string => (name === "foreign-step" ? `src/job/${name}.ts` : `src/${name}.ts`);

const bundle = (name: string, output: OutputOptions) =>
  defineConfig({
    input: findInput(name),
    platform: "node",
    logLevel: "warn",
    onwarn: ({ message }) => {
      throw new Error(message);
    },
    plugins: [
      withoutEvaluation,
      withoutUnused,
      precompilePrompts,
      ...(name === "action" ? [withoutEndpoints] : []),
      ...(name === "load-bundle" ? [] : [withLicenses(name)]),
      ...(PROGRAMS.includes(name) ? [withStart(name)] : []),
    ],
    // Annotations are for bundlers, and nothing bundles these files again. Licenses are in a file beside.
    output: { format: "esm", minify, comments: false, ...output },
  });

// One configuration per bundle: with two inputs in one, shared code would go to chunks with hashed names.
const door = (name: string) => bundle(name, { file: `${directory}/${name}.js`, codeSplitting: false });

/** A bundle for `load-bundle.ts`, which can give V8 the compiled code of a script but not of a module. In ASCII it takes half the memory. */
const script = (name: string) => bundle(name, { file: `${directory}/${name}.cjs`, format: "cjs", charset: "ascii", codeSplitting: false });

export default [["action", door] as const, ...["cli", "app", "foreign-step", "load-bundle"].map((name) => [name, script] as const)]
  .filter(([name]) => existsSync(join(import.meta.dirname, findInput(name))))
  .map(([name, build]) => build(name));
