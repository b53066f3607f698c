import type { Readable } from "node:stream";

/** In characters; far larger than a plan of a thousand steps. */
export const MAX_MESSAGE_CHARS = 4_000_000;

export type LineHandlers = { readonly onLine: (text: string) => void; readonly onTooLong: () => void; readonly onEnd: () => void };

/** Reads non-empty lines. Stops reading after a line that is too long. */
export const handleLines = (from: Readable, { onLine, onTooLong, onEnd }: LineHandlers): void => {
  let rest = "";
  let stopped = false;
  from.setEncoding("utf8").on("data", (text: string) => {
    if (stopped) return;
    const [first = "", ...more] = text.split("\n");
    const lines = [rest + first, ...more];
    stopped = lines.some(({ length }) => length > MAX_MESSAGE_CHARS);
    if (stopped) return onTooLong();
    rest = lines.pop() ?? "";
    for (const each of lines) if (each.trim() !== "") onLine(each);
  });
  from.on("end", onEnd);
};
