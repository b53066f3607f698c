/** Markup that is safe to send: made by {@link html} or by a renderer that escapes by itself. */
export type SafeHtml = { readonly markup: string };
/** What may stand in a template; text is escaped, absent values leave nothing behind. */
export type TemplatePart = SafeHtml | string | number | null | readonly TemplatePart[];

const HTML_ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
/** What reorders the text around it in a browser, so that a name could look like another. */
const BIDI_CHARACTERS = /[\u202a-\u202e\u2066-\u2069]/g;
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL_CHARACTERS = /[\0-\u0008\u000b-\u001f\u007f]/g;

/** Shows what would otherwise act upon the text around it, or be nothing: directions, and control characters but tabs and line ends. */
export const replaceControls = (text: string): string =>
  text
    .replace(BIDI_CHARACTERS, "\ufffd")
    .replace(CONTROL_CHARACTERS, (letter) => (letter === "\u007f" ? "\u2421" : String.fromCharCode(0x2400 + letter.charCodeAt(0))));

/** Text as HTML, in an element or a quoted attribute. */
export const escapeHtml = (text: string): string => replaceControls(text.replace(/[&<>"']/g, (letter) => HTML_ENTITIES[letter] ?? ""));

/** Markup that its maker answers for. */
export const trustMarkup = (markup: string): SafeHtml => ({ markup });

const renderPart = (part: TemplatePart): string => {
  if (part === null) return "";
  if (typeof part === "string") return escapeHtml(part);
  if (typeof part === "number") return String(part);
  return "markup" in part ? part.markup : part.map(renderPart).join("");
};

/** A template of HTML: everything that is put in is escaped, unless it is markup already. Attributes must be quoted. */
export const html = (strings: TemplateStringsArray, ...parts: readonly TemplatePart[]): SafeHtml =>
  trustMarkup(strings.map((text, at) => text + renderPart(parts[at] ?? null)).join(""));
