/** A Markdown table. Bars in cells are escaped. */
export const formatTable = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  [heads, heads.map(() => "---"), ...rows].map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`).join("\n");

export const formatCode = (text: string): string => `\`${text}\``;

/** A page of the reference. Its first paragraph names the source, so that nobody edits the page. */
export const formatPage = (title: string, source: string, parts: readonly string[]): string =>
  [`# ${title}`, `<!-- Written by \`npm run reference\` from ${source}. -->`, ...parts].join("\n\n");

export const formatSentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;
