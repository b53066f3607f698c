import { StringDecoder } from "node:string_decoder";
import type { SecretMasks } from "./secret-masks.ts";

// A longer line is cut, so that a process that prints no line ends cannot fill the memory.
const MAX_LINE_CHARS = 1 << 20;

/** Splits a stream of bytes into lines. */
export type LineSplitter = { write(chunk: Buffer): void; /** Emits the last line if it has no line end. */ end(): void };

/**
 * Creates a splitter that calls `line` for every line, without its end. A line over 1 MiB is cut into pieces, never
 * inside a masked value.
 */
export const createLineSplitter = (line: (text: string) => void, masks: SecretMasks): LineSplitter => {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  const emitLines = (): void => {
    let from = 0;
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n", from)) {
      line(rest.slice(from, rest[end - 1] === "\r" ? end - 1 : end));
      from = end + 1;
    }
    rest = rest.slice(from);
    if (rest.length <= MAX_LINE_CHARS + masks.longest()) return;
    const cut = masks.cut(rest, MAX_LINE_CHARS) || MAX_LINE_CHARS;
    line(rest.slice(0, cut));
    rest = rest.slice(cut);
  };
  return {
    write: (chunk) => {
      rest += decoder.write(chunk);
      emitLines();
    },
    end: () => {
      rest += decoder.end();
      emitLines();
      if (rest !== "") line(rest);
      rest = "";
    },
  };
};
