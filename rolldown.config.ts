import { existsSync } from "node:fs";
import { defineConfig } from "rolldown";

/** Gray-matter's own parsers are never used: one of them evaluates JavaScript, and another brings a second reader of YAML. */
const withoutGrayMatterEngines = {
  name: "without-gray-matter-engines",
  load: {
    filter: { id: /gray-matter\/lib\/engines\.js$/ },
    handler: () => "module.exports = {};",
  },
};

// One configuration per bundle: with two inputs in one, shared code would go to chunks with hashed names.
// probot stays outside: it reads its own files at run time and is only used by the App, which is installed with npm.
const door = (name: string) =>
  defineConfig({
    input: `src/${name}.ts`,
    platform: "node",
    external: [/^probot($|\/)/],
    plugins: [withoutGrayMatterEngines],
    output: { file: `dist/${name}.js`, format: "esm", codeSplitting: false },
  });

export default ["cli", "action", "app"].filter((name) => existsSync(`src/${name}.ts`)).map(door);
