export type CompiledMarkdown = { readonly markup: string; readonly unclosed: string };
/** What was compiled lately, by its text: a page that renews itself shows mostly what it showed before. */
export type MarkdownCache = Map<string, CompiledMarkdown>;
