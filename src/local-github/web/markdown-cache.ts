export type CompiledMarkdown = { readonly markup: string; readonly unclosed: string };
/** Recently compiled Markdown by its text. A page that refreshes itself shows mostly the same texts again. */
export type MarkdownCache = Map<string, CompiledMarkdown>;
