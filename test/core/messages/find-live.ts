import { listNodes, readShown, type ShownNode } from "./read-shown.ts";

/** Nodes without an effect. `html` is checked for Enki's own elements. */
const INERT_NODES = new Set([
  "root",
  "paragraph",
  "text",
  "inlineCode",
  "code",
  "blockquote",
  "break",
  "html",
  "table",
  "tableRow",
  "tableCell",
]);
/** Enki's own markup, without attributes that lead to an address. */
const OWN_HTML = /^(?:<!-- enki:[^>]*-->|<\/?(?:details|summary|sub|span|code)>|<details open>)$/;

/** Words in plain text that GitHub links, mails or obeys. */
const LIVE_WORDS: readonly (readonly [string, RegExp])[] = [
  ["mention", /(?:^|[^\w/`])@[a-z0-9]/i],
  ["issue reference", /(?:^|[^\w&])(?:[\w.-]+\/[\w.-]+)?#\d/],
  ["issue reference", /\bGH-\d/i],
  ["address", /\b(?:https?|ftp):\/\/\w/i],
  ["address", /(?:^|[^\w])www\.\w/i],
  ["mail address", /[\w.+-]+@[\w-]+\.\w/],
  ["skipped checks", /\[(?:skip ci|ci skip|no ci|skip actions|actions skip)\]/i],
  ["trailer", /\bskip-checks:|-by:/i],
  ["emoji name", /:(?:[a-z][a-z0-9_+-]*|[+-]1|100|1234):/i],
  ["alert", /^\s*\[!(?:NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]/i],
];

/** Finds dollar signs outside of their own element. */
const findDollars = (nodes: readonly ShownNode[]): string[] =>
  nodes.flatMap((node, at) =>
    node.type === "text" && (node.value ?? "").includes("$") && !(node.value === "$" && nodes[at - 1]?.value === "<span>")
      ? ["formula"]
      : [],
  );

const listTags = (html: string): string[] => html.match(/<[^>]*>?/g) ?? [];

/**
 * Finds everything in a text of Enki on which GitHub would act, by GitHub's own rules and an independent parser.
 * `own` names further nodes in Enki's sentences around the text.
 */
export const findLive = (markdown: string, own: readonly string[] = []): string[] => {
  const nodes = listNodes(readShown(markdown));
  return [
    ...nodes.flatMap(({ type }) => (INERT_NODES.has(type) || own.includes(type) ? [] : [type])),
    ...nodes.flatMap(({ type, value = "" }) => (type === "html" ? listTags(value).filter((tag) => !OWN_HTML.test(tag)) : [])),
    ...nodes.flatMap(({ type, value = "" }) => (type === "text" ? findLiveWords(value) : [])),
    ...findDollars(nodes),
  ];
};

/** Finds the words of a plain text, such as a commit message, on which GitHub would act. */
export const findLiveWords = (text: string): string[] =>
  LIVE_WORDS.flatMap(([name, pattern]) => (pattern.test(text) ? [`${name} in ${text}`] : []));
