import Handlebars from "handlebars";
import type { Plugin } from "rolldown";

/** The same options as in `src/core/messages/prompt-template.ts`. */
const OPTIONS = { noEscape: true, strict: true, knownHelpersOnly: true };

const RENDERER = `import Handlebars from "handlebars/runtime.js";
export const promptTemplate = (precompiled) => {
  const render = Handlebars.template(precompiled);
  return (values) => render(values).trim();
};`;

const TEMPLATE = /promptTemplate\(\s*`((?:[^`\\]|\\.)*)`\s*,?\s*\)/gs;

/** The text of a template literal without expressions. */
const readLiteral = (source: string): string => {
  if (/(?<!\\)\$\{/.test(source)) throw new Error("a template of a prompt has an expression, so it cannot be compiled at build time");
  return source.replace(/\\([`\\$])/g, "$1");
};

/** Compiles the templates of prompts at build time, so that a bundle needs Handlebars' small runtime instead of its parser and compiler. */
export const precompilePrompts: Plugin = {
  name: "precompile-prompts",
  transform: {
    filter: { id: /\/src\/core\/messages\/[\w-]+\.ts$/, code: /promptTemplate/ },
    handler: (code, id) => {
      if (id.endsWith("/prompt-template.ts")) return RENDERER;
      const compiled = code.replace(
        TEMPLATE,
        (_, source: string) => `promptTemplate(${Handlebars.precompile(readLiteral(source), OPTIONS) as string})`,
      );
      if (/promptTemplate\(\s*[`"']/.test(compiled)) throw new Error(`${id}: a template of a prompt was not compiled`);
      return compiled;
    },
  },
};
