import { toTerminalLine } from "../core/messages/failure-action.ts";

export type StepLine = { readonly step: string; readonly title: string; readonly state: string };

const STEP_ROW_PATTERN = /^\| `([^`]+)` \| (.*) \| [^|]* \| ([^|]*) \|$/gm;
const FOLDED_PART_PATTERN = /^<details(?: open)?>$[^]*?^<\/details>$/gm;
const CHARACTER_BY_ENTITY: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };

/** The steps of a proposed plan in order, each with the text of its last column. Folded parts have tables of their own. */
export const readStepLines = (comment: string): StepLine[] =>
  [...comment.replaceAll(FOLDED_PART_PATTERN, "").matchAll(STEP_ROW_PATTERN)].map(([, step = "", title = "", state = ""]) => ({
    step,
    title: toPlainLine(title),
    state: toPlainLine(state),
  }));

/** Plain text of a Markdown line: without emphasis, links of codes, escapes, symbols and mention guards. */
const toPlainLine = (line: string): string =>
  line
    .replaceAll(/\*\*|\u200b/g, "")
    .replaceAll(/<\/?(?:code|sub|summary|span)>/g, "")
    .replaceAll(/\[(`[^`]*`)\]\(https:[^)\s]*\)/g, "$1")
    .replaceAll(/&(amp|lt|gt|quot|#39);/g, (entity, name: string) => CHARACTER_BY_ENTITY[name] ?? entity)
    .replaceAll(/\\([!-/:-@[-`{-~])/g, "$1")
    .replaceAll(/[\p{Extended_Pictographic}\uFE0F] ?(?=\S)/gu, "")
    .trim();

/** Comments start `/enki run` on GitHub; `enki run` works without GitHub. */
const COMMAND_PATTERN = /\/enki (?!run\b)[^`\n]*/;

/** A line of an answer with its commands as in the terminal, without marks of code. Indented lines are commands or logs. */
const toTerminalLines = (line: string, issue: number): string => {
  if (line.startsWith("    ")) return line.replace(/^ {4}\/enki (?!run\b).*/, (block) => `    ${toTerminalLine(block.trim(), issue)}`);
  return line.replaceAll(/`([^`]*)`/g, (_, code: string) => code.replace(COMMAND_PATTERN, (command) => toTerminalLine(command, issue)));
};

/** A plain answer to a command of the terminal about an issue. */
export const toTerminalAnswer = (answer: string, issue: number): string =>
  answer
    .split("\n")
    .map((line) => toTerminalLines(line, issue))
    .join("\n");

/** Enki's comment for a terminal: the headline, the last log lines of a failure, and the next command, without graph, table and plan. */
export const toPlainComment = (comment: string): string => {
  const lines = comment
    .replaceAll(/<!--[^]*?-->|^```mermaid$[^]*?^```$/gm, "")
    .replaceAll(FOLDED_PART_PATTERN, (block) => (block.includes("\n```text\n") ? block : ""))
    .split("\n");
  const kept: string[] = [];
  let fenced = false;
  for (const line of lines) {
    if (line.startsWith("```")) fenced = !fenced;
    else if (fenced) kept.push(`    ${line}`);
    else if (!/^(?:\||<\/?details>|> \[!)/.test(line)) kept.push(toPlainLine(line.replace(/^#+ /, "")));
  }
  return kept
    .join("\n")
    .replaceAll(/\n{3,}/g, "\n\n")
    .trim();
};
