import Handlebars from "handlebars";

/** Compiles a template of Enki's own. Values are inserted unchanged; a missing value is a bug and throws. */
export const promptTemplate = (source: string): ((values: object) => string) => {
  const render = Handlebars.compile<object>(source, { noEscape: true, strict: true, knownHelpersOnly: true });
  return (values) => render(values).trim();
};
