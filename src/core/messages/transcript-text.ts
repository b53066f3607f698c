import { fenceText, toInlineCode, toOneLine } from "./escape.ts";

type ShownCall = { readonly name: string; readonly input: string };

const MAX_RESULT_CHARS = 4_000;
const MAX_STDERR_CHARS = 20_000;

/** A permission that an agent asked for, with the answer. */
export type PermissionRecord = { readonly tool: string; readonly target: string; readonly isAllowed: boolean };

/** The parts of a session's transcript as Markdown. */
export const formatTranscriptTitle = (job: string, agent: string): string => `# ${toOneLine(job)}\n\n${toOneLine(agent)}\n`;

/** A sentence of Enki itself within a session. */
export const formatTranscriptNote = (sentence: string): string => `\n\n> ${toOneLine(sentence, 1_000)}\n`;

/** What a command of Enki printed. */
export const formatTranscriptOutput = (text: string): string =>
  text.trim() === "" ? "" : `\n${fenceText("", text, { limit: MAX_RESULT_CHARS, keep: "end" })}\n`;

export const formatCallStart = ({ name, input }: ShownCall): string => {
  if (input === "") return `\n\n**${toInlineCode(name)}**\n`;
  return input.includes("\n")
    ? `\n\n**${toInlineCode(name)}**\n\n${fenceText("", input, { limit: MAX_RESULT_CHARS, keep: "start" })}\n`
    : `\n\n**${toInlineCode(name)}** ${toInlineCode(input)}\n`;
};

export const formatCallEnd = ({ name }: ShownCall, failed: boolean, result: string): string => {
  const head = failed ? `\n${toInlineCode(name)} failed.\n` : "";
  return result.trim() === "" ? head : `${head}\n${fenceText("", result, { limit: MAX_RESULT_CHARS, keep: "end" })}\n`;
};

const describePermission = ({ tool, target }: PermissionRecord): string =>
  `${toInlineCode(tool)}${target === "" ? "" : ` ${toInlineCode(target)}`}`;

export const formatPermission = (record: PermissionRecord): string =>
  `\n\n> Asked for ${describePermission(record)}: ${record.isAllowed ? "allowed" : "refused, because this step has no right to it"}.\n`;

/** The end of a session: why it ended, if not by itself, and what the agent wrote to stderr. */
export const formatTranscriptEnd = (reason: string, stderr: string): string =>
  [
    reason === "" ? "" : `\n\n---\n\n${toOneLine(reason, 1_000)}\n`,
    stderr.trim() === "" ? "" : `\n\n## stderr\n\n${fenceText("", stderr, { limit: MAX_STDERR_CHARS, keep: "end" })}\n`,
  ].join("");
