import { open } from "node:fs/promises";
import { visible } from "../model/visible.ts";
import { html, type Html } from "./html.ts";

/** Bytes of the logs of one page: the last of each is shown, so that a page stays a page; whole logs have addresses of their own. */
const ALL_LOGS = 400_000;
const ONE_LOG = 200_000;
const SHORTEST = 2_000;
const MOST_COLUMNS = 2_000;

export type LogTail = { readonly text: string; readonly cut: boolean };

/** The end of a log, shorter where many of them are shown; null where it is gone. */
export const readTail = async (file: string, among: number): Promise<LogTail | null> => {
  const handle = await open(file, "r").catch(() => null);
  if (!handle) return null;
  try {
    const { size } = await handle.stat();
    const from = Math.max(0, size - Math.max(SHORTEST, Math.min(ONE_LOG, Math.floor(ALL_LOGS / among))));
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - from), 0, size - from, from);
    const text = buffer.subarray(0, bytesRead).toString("utf8");
    return { text: from === 0 ? text : text.slice(text.indexOf("\n") + 1), cut: from > 0 };
  } finally {
    await handle.close();
  }
};

const LINE = /^\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)\.\d+Z ?(.*)$/;
const COMMAND = /^(?:##\[(group|section|command|warning|error|debug)\]|::(warning|error|notice|debug)(?: [^:]*)?::)/;
const SILENT = /^(?:##\[|::)endgroup(?:\]|::)/;

const showLine = (line: string): Html => {
  const [, time, text = line] = LINE.exec(line) ?? [];
  const [prefix = "", command, other] = COMMAND.exec(text) ?? [];
  const words = text.slice(prefix.length, MOST_COLUMNS);
  const left = text.length > MOST_COLUMNS ? html`<span class="left"> … ${text.length - MOST_COLUMNS} more characters</span>` : null;
  return html`${time === undefined ? null : html`<span class="t">${time} </span>`}<span class="${command ?? other ?? "plain"}"
      >${words}${left}</span
    >`;
};

/** A log as text, without colours and whatever else acts upon a terminal. */
export const showLog = ({ text, cut }: LogTail): Html => {
  const lines = visible(text)
    .trimEnd()
    .split("\n")
    .filter((line) => !SILENT.test(line.replace(LINE, "$2")))
    .flatMap((line) => [showLine(line), "\n"]);
  return html`${cut ? html`<p class="empty">Only the end is shown here.</p>` : null}
    <pre class="log" tabindex="0">${lines}</pre>`;
};
