/** What of a line is told beyond this is not: a progress bar may never end its line. In characters. */
const MAX_JOB_LINE_CHARS = 10_000;

/** Text that comes in pieces, told line by line; `end` tells what is left of the last. */
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
