import { codeLines } from "../commands/blocks.ts";
import { visible } from "../model/visible.ts";

/** How Markdown and HTML begin and end what nobody is shown. */
const HIDDEN: readonly { readonly open: RegExp; readonly close: string; readonly skip: number }[] = [
  { open: /<!--/y, close: "-->", skip: 2 },
  { open: /<\?/y, close: "?>", skip: 2 },
  { open: /<!\[CDATA\[/y, close: "]]>", skip: 9 },
  { open: /<![a-z]/iy, close: ">", skip: 2 },
];

/** A link definition is never shown, and its label and title may hold any sentence. After its target only a title may follow: `[Bug]: two words` is text. */
const DEFINITION =
  /^ {0,3}(?:[->*+] *)*\[(?<label>[^[\]]{1,999})\]: *(?<target>\S+)(?:[ \t]+(?:"[^"]{0,9999}"|'[^']{0,9999}'|\([^()]{0,9999}\)))?[ \t]*$/;

/**
 * What a reader of a Markdown text on GitHub sees of it: without HTML comments, link definitions that say more than an address, and invisible characters.
 * Fenced code is shown as it is, and stays. Where it is unclear whether something is shown, it is taken out. Total, in linear time.
 */
export const cleanText = (markdown: string): string => {
  const lines = markdown.split(/\r\n|\n|\r/);
  const isCode = codeLines(markdown);
  const kept: string[] = [];
  let run: string[] = [];
  const flush = (): void => {
    if (run.length > 0) kept.push(withoutHidden(run.join("\n")));
    run = [];
  };
  lines.forEach((line, index) => {
    if (!isCode.has(index + 1)) return void run.push(line);
    flush();
    kept.push(line);
    return undefined;
  });
  flush();
  return visible(kept.join("\n")).trim();
};

const withoutHidden = (text: string): string => {
  const shown = cutHidden(text);
  const used = labelsIn(shown);
  return shown
    .split("\n")
    .flatMap((line) => definition(line, used))
    .join("\n");
};

/** How often each short text stands between square brackets. */
const labelsIn = (text: string): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const [, label = ""] of text.matchAll(/\[([^[\]\n]{1,40})\]/g)) {
    const name = label.toLowerCase();
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
};

/** A definition that is used keeps its address; any other line stays as it is. */
const definition = (line: string, used: ReadonlyMap<string, number>): string[] => {
  const { label, target } = DEFINITION.exec(line)?.groups ?? {};
  if (label === undefined || target === undefined) return [line];
  return (used.get(label.toLowerCase()) ?? 0) > 1 ? [`[${label}]: ${target}`] : [];
};

const cutHidden = (text: string): string => {
  const missing = new Set<string>();
  let out = "";
  let from = 0;
  for (let at = text.indexOf("<"); at !== -1; at = text.indexOf("<", Math.max(at + 1, from))) {
    const end = hiddenEnd(text, at, missing);
    if (end === null) continue;
    out += text.slice(from, at);
    from = end;
  }
  return out + text.slice(from);
};

/** Where what is hidden from here on ends; null where nothing is. A comment that opens at the start of a line and never ends hides all that follows. */
const hiddenEnd = (text: string, at: number, missing: Set<string>): number | null => {
  const hidden = HIDDEN.find(({ open }) => {
    open.lastIndex = at;
    return open.test(text);
  });
  if (!hidden) return null;
  const end = missing.has(hidden.close) ? -1 : text.indexOf(hidden.close, at + hidden.skip);
  if (end !== -1) return end + hidden.close.length;
  missing.add(hidden.close);
  return startsBlock(text, at) ? text.length : null;
};

/** True where nothing but indentation and markers of quotes and lists is before it in its line. */
const startsBlock = (text: string, at: number): boolean =>
  /(?:^|\n)[ \t>*+\d.)-]{0,60}$/.test(text.slice(Math.max(0, at - 61), at)) && (at < 61 || text.slice(at - 61, at).includes("\n"));
