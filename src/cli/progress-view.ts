import { createInterface } from "node:readline";
import type { TerminalHost } from "./terminal-host.ts";

/** Progress output: permanent lines, and below them on a terminal a block that is redrawn. */
export type ProgressView = {
  readonly printLine: (line: string) => void;
  /** Draws the block; does nothing without a terminal. */
  readonly showBlock: (block: readonly string[]) => void;
  /** Asks for a line; empty if nobody can answer. */
  readonly ask: (question: string) => Promise<string>;
  /** Asks a yes-or-no question. */
  readonly confirm: (question: string) => Promise<boolean>;
  readonly clearBlock: () => void;
};

const formatClearSequence = (lines: number): string => `\u001b[${lines}A\u001b[J`;

export const openProgressView = (terminal: TerminalHost): ProgressView => {
  const { isInteractive, out } = terminal;
  let drawn: readonly string[] = [];
  const clear = (): void => {
    if (drawn.length > 0) out(formatClearSequence(drawn.length));
    drawn = [];
  };
  const draw = (block: readonly string[]): void => {
    if (block.length > 0) out(`${block.join("\n")}\n`);
    drawn = block;
  };
  const ask = async (question: string): Promise<string> => {
    clear();
    // The terminal keeps its mode, so that Ctrl+C ends the program.
    const lines = createInterface({ input: terminal.stdin, terminal: false });
    out(question);
    const answer = await new Promise<string>((resolve) => {
      lines.once("close", () => resolve(""));
      lines.once("line", resolve);
    });
    lines.close();
    return answer.trim();
  };
  return {
    printLine: (line) => {
      const block = drawn;
      clear();
      out(`${line}\n`);
      draw(block);
    },
    showBlock: (block) => {
      if (!isInteractive) return;
      const fitted = fitBlock(block, terminal.size());
      if (fitted.join("\n") === drawn.join("\n")) return;
      clear();
      draw(fitted);
    },
    ask,
    confirm: async (question) => /^y(es)?$/i.test(await ask(`${question} [y/N] `)),
    clearBlock: clear,
  };
};

/** Cuts the block to the screen: a block that scrolls away could not be redrawn. */
const fitBlock = (block: readonly string[], { columns, rows }: { columns: number; rows: number }): string[] => {
  const most = Math.max(3, rows - 2);
  const kept = block.length <= most ? block : [...block.slice(0, most - 1), `… ${block.length - most + 1} more lines`];
  return kept.map((line) => cutToWidth(line, columns - 1));
};

const WIDE_CHARACTER_PATTERN =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]|\p{Extended_Pictographic}/u;

/** A wrapped line would take two rows. */
const cutToWidth = (line: string, width: number): string => {
  let left = width;
  let kept = "";
  for (const each of Array.from(line)) {
    left -= WIDE_CHARACTER_PATTERN.test(each) ? 2 : 1;
    if (left < 0) break;
    kept += each;
  }
  return kept;
};
