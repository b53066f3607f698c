import type { Readable } from "node:stream";

/** In characters: a plan of a thousand steps is far smaller. */
export const LONGEST_LINE = 4_000_000;

export type Hearing = { readonly line: (text: string) => void; readonly tooLong: () => void; readonly end: () => void };

/** Reads lines that are not empty. After one that is too long nothing more is heard. */
export const hearLines = (from: Readable, { line, tooLong, end }: Hearing): void => {
  let rest = "";
  let deaf = false;
  from.setEncoding("utf8").on("data", (text: string) => {
    if (deaf) return;
    const [first = "", ...more] = text.split("\n");
    const lines = [rest + first, ...more];
    deaf = lines.some(({ length }) => length > LONGEST_LINE);
    if (deaf) return tooLong();
    rest = lines.pop() ?? "";
    for (const each of lines) if (each.trim() !== "") line(each);
  });
  from.on("end", end);
};
