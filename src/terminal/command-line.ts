import type { AgentChoice } from "./machine.ts";

/** A command line as words: blanks part them, quotes keep them together, a backslash takes the next character as it is. Nothing is expanded. */
export const parseCommandLine = (text: string): AgentChoice => {
  const words = [...text.matchAll(/(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+/g)].map(([word]) =>
    word.replaceAll(/"(?:\\.|[^"\\])*"|'[^']*'|\\./g, unquote),
  );
  const [command = "", ...args] = words;
  return { command, args };
};

const unquote = (part: string): string => {
  if (part.startsWith("'")) return part.slice(1, -1);
  return (part.startsWith('"') ? part.slice(1, -1) : part).replaceAll(/\\(.)/g, "$1");
};
