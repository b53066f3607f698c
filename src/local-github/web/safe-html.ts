/** Markup that is safe to send. A class, because stored data could look like any plain object. */
class TrustedMarkup {
  readonly markup: string;
  constructor(markup: string) {
    this.markup = markup;
  }
}
/** Created by {@link html} or by a renderer that escapes its input. */
export type SafeHtml = TrustedMarkup;
/** A value in a template. Text is escaped; null results in an empty text. */
export type TemplatePart = SafeHtml | string | number | null | readonly TemplatePart[];

const HTML_ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
/** Characters that change the direction of the text around them, so that a name could look like another name. */
const BIDI_CHARACTERS = /[\u202a-\u202e\u2066-\u2069]/g;
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL_CHARACTERS = /[\0-\u0008\u000b-\u001f\u007f]/g;

/**
 * Replaces control characters by visible ones, except tabs and line ends, because browsers hide them or let them
 * affect other text.
 */
export const replaceControls = (text: string): string =>
  text
    .replace(BIDI_CHARACTERS, "\ufffd")
    .replace(CONTROL_CHARACTERS, (letter) => (letter === "\u007f" ? "\u2421" : String.fromCharCode(0x2400 + letter.charCodeAt(0))));

/** Escapes a text for an element or a quoted attribute. */
export const escapeHtml = (text: string): string => replaceControls(text.replace(/[&<>"']/g, (letter) => HTML_ENTITIES[letter] ?? ""));

/** Marks a text as safe markup. The caller is responsible for its content. */
export const trustMarkup = (markup: string): SafeHtml => new TrustedMarkup(markup);

const renderPart = (part: TemplatePart): string => {
  if (part === null) return "";
  if (part instanceof TrustedMarkup) return part.markup;
  if (typeof part === "string") return escapeHtml(part);
  // A broken ledger may have a value of any type.
  return Array.isArray(part) ? part.map(renderPart).join("") : escapeHtml(JSON.stringify(part));
};

/** Creates HTML from a template. Values are escaped unless they are markup. Attributes must be quoted. */
export const html = (strings: TemplateStringsArray, ...parts: readonly TemplatePart[]): SafeHtml =>
  trustMarkup(strings.map((text, index) => text + renderPart(parts[index] ?? null)).join(""));
