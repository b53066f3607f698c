import { outputBlock } from "../workflow/output-block.ts";

const LIMIT = 20_000;
const TAIL = 500;
const SHORTEST = 10;

/** What an agent hands on: its `[OUTPUT]` block, else the last 500 characters of its answer; nothing for ten or fewer. */
export const captureOutput = (answer: string): string => {
  const block = outputBlock(answer);
  if (block !== null) return Array.from(block).slice(0, LIMIT).join("");
  const characters = Array.from(answer.trim());
  return characters.length <= SHORTEST ? "" : characters.slice(-TAIL).join("");
};
