/** The first `limit` characters (code points), never half of one. */
export const cut = (text: string, limit: number): string => Array.from(text).slice(0, limit).join("");

/** The last `limit` characters (code points), never half of one. */
export const tail = (text: string, limit: number): string => Array.from(text).slice(-limit).join("");

/** Untrusted text as one line of Markdown that is only text: no HTML, no links or images, no mentions, no command. */
export const inline = (text: string, limit = 200): string => {
  const flat = text.replace(/\s+/g, " ").trim();
  const short = Array.from(flat).length > limit ? `${cut(flat, limit - 1)}…` : flat;
  return short
    .replace(/[\\`*_[\]<>|~#!]/g, "\\$&")
    .replace(/@(?=[a-z0-9])/gi, "@\u200b")
    .replace(/^(\s*)\//, "$1\\/");
};

/** Untrusted text in a code block that it cannot close, cut to its last `limit` characters. */
export const fenced = (text: string, limit = 3_000): string => {
  const last = tail(text, limit);
  const longest = Math.max(2, ...[...last.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}text\n${last.trimEnd()}\n${fence}`;
};

/** Untrusted text as a Mermaid label. */
export const label = (text: string, limit = 40): string =>
  Array.from(cut(text.replace(/\s+/g, " "), limit))
    .map((each) => (/[a-zA-Z0-9 .,:/()+-]/.test(each) || each > "\u007f" ? each : `#${each.codePointAt(0)};`))
    .join("");
