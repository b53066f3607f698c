import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";

type Node = {
  readonly type: string;
  readonly children?: readonly Node[] | undefined;
  readonly position?: Readonly<Record<"start" | "end", { readonly offset?: number | undefined }>> | undefined;
};

type Found = { readonly node: Node; readonly above: readonly string[] };

const leaves = (node: Node, above: readonly string[] = []): Found[] =>
  node.children ? node.children.flatMap((child) => leaves(child, [...above, node.type])) : [{ node, above }];

/** Nodes that may contain a command, because they only format prose. */
const PROSE = new Set(["root", "list", "listItem", "paragraph", "emphasis", "strong", "link"]);

/** Excludes the extension for task lists. Its own assertion fails for a check before code: `-\n[x]\n    code`. */
const mdastExtensions = gfmFromMarkdown().filter(({ exit }) => exit?.["taskListCheckValueChecked"] === undefined);

/** Returns the lines, from 1, where the field's GFM parser finds `/enki` at the start of a paragraph, outside of quotes, tables, footnotes. */
export const referenceLines = (markdown: string): number[] => {
  const tree: Node = fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions });
  const texts = leaves(tree).filter(({ node, above }) => node.type === "text" && above.every((type) => PROSE.has(type)));
  const lines: number[] = [];
  let start = 0;
  markdown.split(/\r\n|\n|\r/).forEach((line, index) => {
    const found = /^ {0,3}(?=\/enki(?:[ \t]|$))/.exec(line);
    const at = start + (found?.[0].length ?? 0);
    const inside = texts.some(({ node }) => (node.position?.start.offset ?? 0) <= at && at < (node.position?.end.offset ?? 0));
    if (found && inside) lines.push(index + 1);
    start += line.length + (markdown.startsWith("\r\n", start + line.length) ? 2 : 1);
  });
  return lines;
};
