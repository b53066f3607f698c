import Handlebars from "handlebars";

/** Compiles a prompt's template, which is ours. Values are printed as they are, whatever they hold, and a missing value is a bug that throws. */
export const promptTemplate = (source: string): ((values: object) => string) => {
  const render = Handlebars.compile<object>(source, { noEscape: true, strict: true, knownHelpersOnly: true });
  return (values) => render(values).trim();
};
