import { refuse, type Refusal, type RefusedResult } from "../../domain/refusal.ts";

export const refuseEmptyRequest = (name: string, usage: string): RefusedResult =>
  refuse("nothing-asked", `\`/enki ${name}\` needs a description of what to do.`, `/enki ${usage}`);

export const refuseMissingWorkflow = (usage: string): RefusedResult =>
  refuse("which-workflow", "`/enki run` needs the name of a workflow.", `/enki ${usage}`);

export const refuseBadWorkflowName = (quoted: string, usage: string): RefusedResult =>
  refuse("bad-workflow", `${quoted} is not a valid workflow name.`, `/enki ${usage}`);

export const refuseEmptyReply = (usage: string): RefusedResult =>
  refuse("what-reply", "An answer needs the id of the question and a text. Copy the id from Enki's comment.", `/enki ${usage}`);

export const refuseBadQuestionId = (quoted: string, usage: string): RefusedResult =>
  refuse("bad-mail", `${quoted} is not the id of a question.`, `/enki ${usage}`);

export const refuseMissingStep = (name: string, usage: string): RefusedResult =>
  refuse("which-step", `\`/enki ${name}\` needs the name of a step.`, `/enki ${usage}`);

export const refuseManyNames = (name: string, quoted: string, usage: string): RefusedResult =>
  refuse("too-much", `\`/enki ${name}\` takes one name, but got ${quoted}.`, `/enki ${usage}`);

export const refuseBadTarget = (quoted: string): RefusedResult =>
  refuse("bad-target", `${quoted} is not a valid name of a step, task or execution.`, "/enki status");

export const refuseBadApproval = (usage: string): RefusedResult =>
  refuse(
    "what-approval",
    "An approval needs exactly one plan hash, or one task with its result. Copy the line from Enki's comment.",
    `/enki ${usage}`,
  );

export const refuseBadHash = (quoted: string): RefusedResult =>
  refuse(
    "bad-hash",
    `${quoted} is neither a plan hash nor <task>@<result>, with at least seven characters of each hash. Copy the line from Enki's comment.`,
    "/enki approve <plan hash> | <task>@<result>",
  );

export const refuseBadPriority = (usage: string): RefusedResult =>
  refuse("bad-priority", "A priority is high, normal or low. A step may be named before it.", `/enki ${usage}`);

export const refuseBadHead = (quoted: string, usage: string): RefusedResult =>
  refuse("bad-head", `${quoted} is not a commit with at least seven characters.`, `/enki ${usage}`);

export const refuseStopArgument = (quoted: string): RefusedResult =>
  refuse("too-much", `\`/enki stop\` stops everything, so it does not accept ${quoted}.`, "/enki cancel [<step>]");

export const refuseMistypedCommand = (quoted: string, hint: string): RefusedResult =>
  refuse("unknown-command", `There is no \`/enki ${quoted}\`${hint}`, "/enki help");

export const REORDERED: RefusedResult = refuse(
  "hidden-character",
  "This command has invisible characters that change the order in which it is displayed, so Enki did not read it. Write it again without them.",
  "/enki help",
);

export const TOO_COMPLEX: RefusedResult = refuse(
  "too-complex",
  "The end of this comment is too complex to parse, so Enki ignored the commands there. Write them in a separate comment.",
  "/enki help",
);

export const refuseTooManyCommands = (count: number, most: number): RefusedResult =>
  refuse(
    "too-many-commands",
    `This comment has ${count} commands, so Enki read only the first ${most}. Write the others in another comment.`,
    "/enki help",
  );

export const EDITED_COMMENT_REFUSAL: Refusal = refuse(
  "edited-comment",
  "Somebody edited this comment before Enki read it, so it is not clear who wrote what. Write the command in a new comment.",
).refusal;

export const EDITED_ISSUE_REFUSAL: Refusal = refuse(
  "edited-issue",
  "Somebody changed this issue before Enki read it, so it is not clear who wrote what. Write the command in a comment.",
).refusal;

export const refuseLackOfPermission = (request: string, needed: string): Refusal =>
  refuse("no-permission", `${request} needs ${needed} permission in this repository.`, "/enki help").refusal;

export const refuseUnreadIssue = (issue: number, reason: string): RefusedResult =>
  refuse("issue-unreadable", `Enki could not read #${issue}, so it planned nothing: ${reason}.`, "/enki fix");
