import { open } from "node:fs/promises";
import { stripHiddenChars } from "../../core/domain/visible-text.ts";
import { html, type SafeHtml } from "./safe-html.ts";

/** Bytes of the logs of one page: the last of each is shown, so that a page stays a page; whole logs have addresses of their own. */
const MAX_PAGE_LOG_BYTES = 400_000;
const MAX_JOB_LOG_BYTES = 200_000;
const MIN_LOG_BYTES = 2_000;
const MAX_LOG_COLUMNS = 2_000;

export type LogTail = { readonly text: string; readonly truncated: boolean };

/** The end of a log, shorter where many of them are shown; null where it is gone. */
export const readLogTail = async (file: string, among: number): Promise<LogTail | null> => {
  const handle = await open(file, "r").catch(() => null);
  if (!handle) return null;
  try {
    const { size } = await handle.stat();
    const from = Math.max(0, size - Math.max(MIN_LOG_BYTES, Math.min(MAX_JOB_LOG_BYTES, Math.floor(MAX_PAGE_LOG_BYTES / among))));
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - from), 0, size - from, from);
    const text = buffer.subarray(0, bytesRead).toString("utf8");
    return { text: from === 0 ? text : text.slice(text.indexOf("\n") + 1), truncated: from > 0 };
  } finally {
    await handle.close();
  }
};

const LOG_LINE_PATTERN = /^\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)\.\d+Z ?(.*)$/;
const LOG_COMMAND_PATTERN = /^(?:##\[(group|section|command|warning|error|debug)\]|::(warning|error|notice|debug)(?: [^:]*)?::)/;
const GROUP_END_PATTERN = /^(?:##\[|::)endgroup(?:\]|::)/;

const renderLogLine = (line: string): SafeHtml => {
  const [, time, text = line] = LOG_LINE_PATTERN.exec(line) ?? [];
  const [prefix = "", command, other] = LOG_COMMAND_PATTERN.exec(text) ?? [];
  const words = text.slice(prefix.length, MAX_LOG_COLUMNS);
  const left = text.length > MAX_LOG_COLUMNS ? html`<span class="left"> … ${text.length - MAX_LOG_COLUMNS} more characters</span>` : null;
  return html`${time === undefined ? null : html`<span class="t">${time} </span>`}<span class="${command ?? other ?? "plain"}"
      >${words}${left}</span
    >`;
};

/** A log as text, without colours and whatever else acts upon a terminal. */
export const renderLog = ({ text, truncated }: LogTail): SafeHtml => {
  const lines = stripHiddenChars(text)
    .trimEnd()
    .split("\n")
    .filter((line) => !GROUP_END_PATTERN.test(line.replace(LOG_LINE_PATTERN, "$2")))
    .flatMap((line) => [renderLogLine(line), "\n"]);
  return html`${truncated ? html`<p class="empty">Only the end is shown here.</p>` : null}
    <pre class="log" tabindex="0">${lines}</pre>`;
};
