/** A line's length beyond which the rest is dropped: a progress bar may never end its line. In characters. */
const MAX_JOB_LINE_CHARS = 10_000;

/** Splits chunks of text into lines; `end` reports the unfinished last line. */
export const openLineBuffer = (line: (text: string) => void): { write(text: string): void; end(): void } => {
  let rest = "";
  return {
    write: (text) => {
      const [first = "", ...more] = text.split("\n");
      rest = (rest + first).slice(0, MAX_JOB_LINE_CHARS);
      for (const next of more) {
        line(rest);
        rest = next.slice(0, MAX_JOB_LINE_CHARS);
      }
    },
    end: () => {
      if (rest !== "") line(rest);
      rest = "";
    },
  };
};
