import { open } from "node:fs/promises";
import { stripHiddenChars } from "../../core/domain/visible-text.ts";
import { html, type SafeHtml } from "./safe-html.ts";

/**
 * The number of log bytes on a page. The end of each log is shown; whole logs have their own
 * addresses.
 */
const MAX_PAGE_LOG_BYTES = 400_000;
const MAX_JOB_LOG_BYTES = 200_000;
const MIN_LOG_BYTES = 2_000;
const MAX_LOG_COLUMNS = 2_000;

export type LogTail = { readonly text: string; readonly truncated: boolean };

/** Reads the end of a log, shorter if the page shows several. Returns null if the file is gone. */
export const readLogTail = async (file: string, logCount: number): Promise<LogTail | null> => {
  const handle = await open(file, "r").catch(() => null);
  if (!handle) return null;
  try {
    const { size } = await handle.stat();
    const from = Math.max(0, size - Math.max(MIN_LOG_BYTES, Math.min(MAX_JOB_LOG_BYTES, Math.floor(MAX_PAGE_LOG_BYTES / logCount))));
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
  const omitted =
    text.length > MAX_LOG_COLUMNS ? html`<span class="left"> … ${text.length - MAX_LOG_COLUMNS} more characters</span>` : null;
  return html`${time === undefined ? null : html`<span class="t">${time} </span>`}<span class="${command ?? other ?? "plain"}"
      >${words}${omitted}</span
    >`;
};

/** Renders a log as text, without colours and terminal control characters. */
export const renderLog = ({ text, truncated }: LogTail): SafeHtml => {
  const lines = stripHiddenChars(text)
    .trimEnd()
    .split("\n")
    .filter((line) => !GROUP_END_PATTERN.test(line.replace(LOG_LINE_PATTERN, "$2")))
    .flatMap((line) => [renderLogLine(line), "\n"]);
  return html`${truncated ? html`<p class="empty">Only the end of the log is shown.</p>` : null}
    <pre class="log" tabindex="0">${lines}</pre>`;
};
