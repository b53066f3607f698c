/** What of a line is told beyond this is not: a progress bar may never end its line. In characters. */
const LONGEST = 10_000;

/** Text that comes in pieces, told line by line; `end` tells what is left of the last. */
export const openLines = (line: (text: string) => void): { hear(text: string): void; end(): void } => {
  let rest = "";
  return {
    hear: (text) => {
      const [first = "", ...more] = text.split("\n");
      rest = (rest + first).slice(0, LONGEST);
      for (const next of more) {
        line(rest);
        rest = next.slice(0, LONGEST);
      }
    },
    end: () => {
      if (rest !== "") line(rest);
      rest = "";
    },
  };
};
