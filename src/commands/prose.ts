export type ProseLine = { readonly line: number; readonly text: string };

/** GitHub takes no longer comments; what is beyond is not read. */
const LIMIT = 65_536;

type Scan = {
  fence: { readonly mark: string; readonly length: number } | null;
  html: "comment" | "block" | null;
  quoted: boolean;
  paragraph: ProseLine[];
  readonly paragraphs: ProseLine[][];
};

/**
 * The paragraphs of a Markdown text that are a person's own prose, each as its lines (from 1).
 * Not prose: fenced and indented code, block quotes with their lazy continuations, HTML blocks and comments. Total: any text gives an answer.
 */
export const proseParagraphs = (markdown: string): ProseLine[][] => {
  const scan: Scan = { fence: null, html: null, quoted: false, paragraph: [], paragraphs: [] };
  markdown
    .slice(0, LIMIT)
    .split(/\r\n|\n|\r/)
    .forEach((text, index) => read(scan, { line: index + 1, text }));
  close(scan);
  return scan.paragraphs;
};

const close = (scan: Scan): void => {
  if (scan.paragraph.length > 0) scan.paragraphs.push(scan.paragraph);
  scan.paragraph = [];
};

const read = (scan: Scan, { line, text }: ProseLine): void => {
  if (scan.fence) {
    if (closesFence(text, scan.fence)) scan.fence = null;
    return;
  }
  if (scan.html === "comment") {
    if (text.includes("-->")) scan.html = null;
    return;
  }
  if (text.trim() === "") {
    close(scan);
    scan.html = null;
    scan.quoted = false;
    return;
  }
  if (scan.html === "block") return;
  if (opensBlock(scan, text)) return close(scan);
  if (scan.quoted || /^( {4}|\t)/.test(text)) return;
  scan.paragraph.push({ line, text });
};

/** True when the line begins something that is not prose. */
const opensBlock = (scan: Scan, text: string): boolean => {
  const fence = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})/.exec(text)?.[1];
  if (fence !== undefined) {
    scan.fence = { mark: fence.charAt(0), length: fence.length };
    return true;
  }
  if (/^ {0,3}>/.test(text)) {
    scan.quoted = true;
    return true;
  }
  if (/^ {0,3}<!--/.test(text)) {
    if (!text.slice(text.indexOf("<!--") + 4).includes("-->")) scan.html = "comment";
    return true;
  }
  if (/^ {0,3}<[a-zA-Z/?!]/.test(text)) {
    scan.html = "block";
    return true;
  }
  return false;
};

const closesFence = (text: string, { mark, length }: { mark: string; length: number }): boolean => {
  const run = /^ {0,3}(`+|~+)[ \t]*$/.exec(text)?.[1];
  return run !== undefined && run.startsWith(mark) && run.length >= length;
};

/** The lines of a paragraph that begin inside a code span or an HTML comment which an earlier line opened. */
export const hiddenLines = (paragraph: readonly ProseLine[]): ReadonlySet<number> => {
  const text = paragraph.map((each) => each.text).join("\n");
  const spans = [...text.matchAll(/(?<!`)(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)|<!--[\s\S]*?(?:-->|$)/g)].map(
    (found) => [found.index, found.index + found[0].length] as const,
  );
  const hidden = new Set<number>();
  let offset = 0;
  for (const { line, text: own } of paragraph) {
    const start = offset + (own.length - own.trimStart().length);
    if (spans.some(([from, to]) => start > from && start < to)) hidden.add(line);
    offset += own.length + 1;
  }
  return hidden;
};
