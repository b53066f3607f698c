import { refuse, type Refusal, type RefusedResult } from "../../domain/refusal.ts";

export const refuseOverlap = (line: number): RefusedResult => refuse("overlap", `two edits overlap at line ${line}`);

export const NO_ANCHOR_REFUSAL: RefusedResult = refuse("no-anchor", "edit must contain at least one hashline anchor");

export const refuseAnchorOrder = (line: number, before: number): RefusedResult =>
  refuse("not-ascending", `anchors must be in ascending order, got line ${line} after line ${before}`);

export const refuseMissingLine = (line: number, count: number): RefusedResult =>
  refuse("out-of-range", `line ${line} out of range (file has ${count} lines)`);

export const refuseStaleHash = (line: number, hashes: { expected: string; now: string }): RefusedResult =>
  refuse("stale-hash", `stale hash at line ${line}: expected ${hashes.expected}, got ${hashes.now} — re-read the file`);

export const refuseChangedAnchor = (line: number): RefusedResult =>
  refuse("changed-anchor", `an anchor keeps its line as it is: to change line ${line}, put its new text between the anchors around it`);

export const refuseUnknownItem = (item: string): RefusedResult =>
  refuse("unknown-item", `not found: backlog item ${item}`, "enki_backlog_list");

export const refuseIrregularFile = (path: string): Refusal => refuse("no-file", `failed to read ${path}: not a regular file`).refusal;

export const refuseLargeFile = (path: string, most: number): Refusal =>
  refuse("too-large", `failed to read ${path}: larger than ${most} bytes`).refusal;

export const refuseBinaryFile = (path: string): Refusal => refuse("no-text", `failed to read ${path}: not UTF-8 text`).refusal;

export const refuseMissingFile = (path: string): Refusal => refuse("no-file", `failed to read ${path}: no such file`).refusal;

export const refuseOuterFile = (path: string): Refusal => refuse("outside", `${path} is outside of this step's workspace`).refusal;

export const refuseUnknownAddress = (address: string, everyone: string): RefusedResult =>
  refuse("unknown-address", `unknown address '${address}': use coordinator, user, ${everyone} or worker/<task id>`);

export const refuseUnknownMessage = (id: string): RefusedResult => refuse("unknown-mail", `not found: message ${id}`);

export const READ_ONLY_REFUSAL: Refusal = refuse("read-only", "no job runs here: this tool changes nothing").refusal;

export const refuseUnknownIssue = (issue: number): Refusal => refuse("unknown-item", `not found: backlog item ${issue}`).refusal;

export const refuseUnknownTool = (name: string): RefusedResult => refuse("unknown-tool", `unknown tool '${name}'`);

export const refuseToolForRole = (name: string, role: string): RefusedResult =>
  refuse("not-available", `tool '${name}' is not available for role '${role}'`);

export const refuseArguments = (reason: string): RefusedResult => refuse("bad-argument", reason);

export const refuseMissingArgument = (name: string): RefusedResult => refuseArguments(`missing required parameter: ${name}`);

export const NO_MAIL_REFUSAL: RefusedResult = refuse("no-mail", "no mail: these tools do not belong to a job that receives mail");

export const refuseManyMails = (most: number): RefusedResult => refuse("too-much-mail", `a job sends at most ${most} mails`);

export const OWN_ADDRESS_REFUSAL: RefusedResult = refuse("own-address", "that is your own address");

export const refuseUnknownThread = (id: string): RefusedResult => refuse("unknown-thread", `not found: thread ${id}`);

export const NO_JOB_REFUSAL: Refusal = refuse("read-only", "no job runs here: this tool records nothing").refusal;

export const refuseEndedExecution = (id: string, state: string): RefusedResult =>
  refuse("already-over", `execution ${id} is ${state}: no steps can be added to it`);

export const refuseAbsentStep = (execution: string, step: string): RefusedResult =>
  refuse("unknown-target", `execution ${execution} has no step '${step}'`);

export const refuseNotPaused = (target: string, state: string): RefusedResult =>
  refuse("wrong-state", `\`${target}\` is '${state}', not 'paused'`);

export const refuseOver = (target: string, state: string): RefusedResult =>
  refuse("wrong-state", `\`${target}\` is '${state}': it is over`);

const READ_AGAIN = "call enki_edit_file with `path` alone, and copy the anchors of its answer";

/** The remedy for a refused edit, by its code. */
const EDIT_REMEDIES: Readonly<Record<string, string>> = {
  "no-anchor": `${READ_AGAIN} around your new lines, such as 12:a1b2c3|; to append, end with $|`,
  "out-of-range": READ_AGAIN,
  "stale-hash": READ_AGAIN,
  "not-ascending": "order the anchors from the top of the file to its end, or send an edit for each place",
  overlap: "join these edits to one, from the first anchor to the last",
  "changed-anchor": "copy the anchors of the lines before and after, and write the new text between them",
  "no-file": "create a new file with your own tools; this tool changes existing ones",
  outside: "name a file below the workspace, by a relative path",
};

/** Adds to the refusal of an edit how the agent can continue. */
export const explainRefusedEdit = (refusal: Refusal): Refusal => {
  const remedy = EDIT_REMEDIES[refusal.code];
  return remedy === undefined ? refusal : { ...refusal, message: `${refusal.message}\nNothing was changed. To continue: ${remedy}.` };
};
