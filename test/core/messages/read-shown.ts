import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";

export type ShownNode = { readonly type: string; readonly value?: string; readonly url?: string; readonly children?: readonly ShownNode[] };

/** Parses a text with a Markdown parser that Enki does not use for writing. */
export const readShown = (markdown: string): ShownNode =>
  fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });

/** Lists the nodes in reading order. */
export const listNodes = (node: ShownNode): readonly ShownNode[] => [node, ...(node.children ?? []).flatMap((child) => listNodes(child))];

/** Returns the words that a reader sees, without guards against mentions and with single spaces. */
export const readWords = (node: ShownNode): string =>
  (node.type === "html" ? "" : (node.value ?? (node.children ?? []).map((child) => readWords(child)).join(""))) +
  (/^(?:paragraph|heading|tableCell|break|code)$/.test(node.type) ? " " : "");

export const flatten = (text: string): string => text.replaceAll("\u200b", "").replaceAll(/\s+/g, " ").trim();
