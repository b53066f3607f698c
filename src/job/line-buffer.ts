/** A line's length beyond which the rest is dropped: a progress bar may never end its line. In characters. */
const MAX_JOB_LINE_CHARS = 10_000;

/** Splits chunks of text into lines, and reports the lines that a chunk ends; `end` reports the unfinished last line. */
export const openLineBuffer = (report: (lines: readonly string[]) => void): { write(text: string): void; end(): void } => {
  let rest = "";
  return {
    write: (text) => {
      const [first = "", ...more] = text.split("\n");
      const lines = [rest + first, ...more].map((line) => line.slice(0, MAX_JOB_LINE_CHARS));
      rest = lines.pop() ?? "";
      if (lines.length > 0) report(lines);
    },
    end: () => {
      if (rest !== "") report([rest]);
      rest = "";
    },
  };
};
