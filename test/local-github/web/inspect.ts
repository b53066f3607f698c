/** Allowed elements and attributes of pages. */
const ELEMENTS = new Set(
  (
    "html head meta title link body header main footer nav div span section article details summary a b h1 h2 h3 h4 h5 h6 p pre code ul ol li " +
    "table thead tbody tr th td time input em strong del blockquote hr br sub sup kbd svg g rect polygon path circle text"
  ).split(" "),
);
const ATTRIBUTES = new Set(
  (
    "lang charset name content rel href class id title data-state data-version data-running aria-label aria-hidden aria-current aria-describedby " +
    "role tabindex datetime open colspan type disabled checked align start viewbox width height x y rx cx cy r d points fill stroke stroke-width " +
    "data-footnotes data-footnote-ref data-footnote-backref dir scope preserveaspectratio transform"
  ).split(" "),
);
const TAG = /<(\/?)([a-z][a-z0-9]*)((?:\s+[a-z-]+(?:="[^"]*")?)*)\s*\/?>/gi;
const ATTRIBUTE = /\s+([a-z-]+)(?:="([^"]*)")?/gi;
const LEADS = /^(?:\/|#|\?|https?:\/\/|mailto:|data:image\/svg|$)/;

const faultOf = (name: string, value: string): string[] => {
  if (!ATTRIBUTES.has(name)) return [`attribute ${name}`];
  return name === "href" && !LEADS.test(value) ? [`href ${value}`] : [];
};

/** Finds all markup that pages must not contain, apart from their own style and script. */
export const strange = (page: string): string[] => {
  const markup = page
    .replace(/^<!doctype html>/, "")
    .replace(/<style>[^<]*<\/style>/, "")
    .replace(/<script>[^]*?<\/script>/, "");
  const faults: string[] = [];
  const left = markup.replace(TAG, (_, closing: string, element: string, attributes: string) => {
    if (!ELEMENTS.has(element.toLowerCase())) faults.push(`element ${element}`);
    if (closing === "")
      for (const [, name = "", value = ""] of attributes.matchAll(ATTRIBUTE)) faults.push(...faultOf(name.toLowerCase(), value));
    return "";
  });
  return [...faults, ...(left.match(/<.{0,40}/g) ?? [])];
};

const LETTERS: Readonly<Record<string, string>> = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&amp;": "&" };

/** The visible text of markup, in one line. */
export const wordsOf = (markup: string): string =>
  markup
    .replace(/<(?:style|script|title)>[^]*?<\/(?:style|script|title)>/g, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/&(?:lt|gt|quot|amp|#39);/g, (name) => LETTERS[name] ?? name)
    .replace(/\s+/g, " ")
    .trim();
