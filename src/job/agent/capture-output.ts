import { findOutputBlock } from "../../core/workflow/output-block.ts";

const MAX_OUTPUT_CHARS = 20_000;
const OUTPUT_TAIL_CHARS = 500;
const MAX_TRIVIAL_OUTPUT_CHARS = 10;

/** The output that later steps receive: the answer's `[OUTPUT]` block, else its last 500 characters; empty for a trivial answer. */
export const captureOutput = (answer: string): string => {
  const block = findOutputBlock(answer);
  if (block !== null) return Array.from(block).slice(0, MAX_OUTPUT_CHARS).join("");
  const characters = Array.from(answer.trim());
  return characters.length <= MAX_TRIVIAL_OUTPUT_CHARS ? "" : characters.slice(-OUTPUT_TAIL_CHARS).join("");
};
