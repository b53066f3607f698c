import { open } from "node:fs/promises";
import { html, type Html } from "./html.ts";

/** The last of a log is shown, so that a page stays a page; the whole log has an address of its own. */
const SHOWN_BYTES = 200_000;

export type LogTail = { readonly text: string; readonly cut: boolean };

/** The end of a log; null where it is gone. */
export const readTail = async (file: string): Promise<LogTail | null> => {
  const handle = await open(file, "r").catch(() => null);
  if (!handle) return null;
  try {
    const { size } = await handle.stat();
    const from = Math.max(0, size - SHOWN_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - from), 0, size - from, from);
    const text = buffer.subarray(0, bytesRead).toString("utf8");
    return { text: from === 0 ? text : text.slice(text.indexOf("\n") + 1), cut: from > 0 };
  } finally {
    await handle.close();
  }
};

// eslint-disable-next-line no-control-regex -- colours are what is taken away
const COLOURS = /\u001b\[[0-9;]*[A-Za-z]/g;
const LINE = /^\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)\.\d+Z (.*)$/;
const COMMAND = /^(?:##\[(group|warning|error|debug)\]|::(warning|error|notice|debug)(?: [^:]*)?::)/;

const showLine = (line: string): Html => {
  const [, time, text = line] = LINE.exec(line) ?? [];
  const plain = text.replace(COLOURS, "");
  const [prefix, command, other] = COMMAND.exec(plain) ?? [];
  const words = prefix === undefined ? html`${plain}` : html`<span class="${command ?? other ?? ""}">${plain.slice(prefix.length)}</span>`;
  return html`${time === undefined ? null : html`<span class="t">${time} </span>`}${words}`;
};

export const showLog = ({ text, cut }: LogTail): Html => {
  const lines = text
    .trimEnd()
    .split("\n")
    .flatMap((line) => [showLine(line), "\n"]);
  return html`${cut ? html`<p class="empty">Only the end is shown here.</p>` : null}
    <pre class="log" tabindex="0">${lines}</pre>`;
};
