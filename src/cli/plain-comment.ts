export type StepLine = { readonly step: string; readonly title: string; readonly state: string };

const STEP_ROW_PATTERN = /^\| `([^`]+)` \| (.*) \| [^|]* \| ([^|]*) \|$/gm;
const CHARACTER_BY_ENTITY: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };

/** The steps in Enki's comment, in its order, with what its last column says; as a terminal shows text. */
export const readStepLines = (comment: string): StepLine[] =>
  [...comment.matchAll(STEP_ROW_PATTERN)].map(([, step = "", title = "", state = ""]) => ({
    step,
    title: toPlainLine(title),
    state: toPlainLine(state),
  }));

/** Markdown of ours in one line as plain text: without emphasis, escapes, symbols, and what keeps a mention from being one. */
const toPlainLine = (line: string): string =>
  line
    .replaceAll(/\*\*|\u200b/g, "")
    .replaceAll(/<\/?(?:code|sub|summary)>/g, "")
    .replaceAll(/&(amp|lt|gt|quot|#39);/g, (entity, name: string) => CHARACTER_BY_ENTITY[name] ?? entity)
    .replaceAll(/\\([!-/:-@[-`{-~])/g, "$1")
    .replaceAll(/[\p{Extended_Pictographic}\uFE0F] ?(?=\S)/gu, "")
    .trim();

/** A comment of Enki for a terminal: what happened, the last lines of what failed, and the next command; graph, table and plan are left out. */
export const toPlainComment = (comment: string): string => {
  const lines = comment
    .replaceAll(/<!--[^]*?-->|^```mermaid$[^]*?^```$/gm, "")
    .replaceAll(/^<details>$[^]*?^<\/details>$/gm, (block) => (block.includes("\n```text\n") ? block : ""))
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
