import type { StepState } from "../core/domain/step.ts";
import { CommandError, readOptionsAndWords, UsageError } from "./command-options.ts";
import { findCommandTarget } from "./command-target.ts";
import { findExecution } from "./find-execution.ts";
import type { TerminalHost } from "./terminal-host.ts";

export const reviewOptions = {
  comment: { type: "string", multiple: true, value: "<path>:<line>:<text>", about: "a comment on a line of the change; repeatable" },
  message: { type: "string", value: "<text>", about: "the text of the review" },
  approve: { type: "boolean", default: false, about: "approves; without it, the review requests changes" },
} as const;

/** A step in a closed state has no open pull request, and no review reopens the step. */
const CLOSED_STATES: ReadonlySet<StepState> = new Set<StepState>(["done", "skipped", "cancelled"]);

/** `enki review <step>`: reviews a step's pull request. */
export const runReviewCommand = async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
  const { values, words } = readOptionsAndWords(args, reviewOptions, 1);
  const [named] = words;
  if (named === undefined) throw new UsageError("name the step: enki review <step>");
  const comments = (values.comment ?? []).map(readLineRemark);
  const body = values.message ?? "";
  if (!values.approve && comments.length === 0 && body === "") throw new UsageError("say what to change, with --comment or --message");
  const { person, readLedger, name } = await findCommandTarget(terminal);
  const { step } = findExecution(await readLedger(), { issue: null, target: named });
  if (!step) throw new UsageError(`${named} is not a step; enki status lists the steps`);
  if (step.pull === null) throw new CommandError(`${step.id} has no pull request yet`);
  if (CLOSED_STATES.has(step.state)) throw new CommandError(`${step.id} is ${step.state}, so a review changes nothing`);
  const pull = `${name}#${step.pull}`;
  await person.review(step.pull, { event: values.approve ? "APPROVE" : "REQUEST_CHANGES", body, comments }).catch((error: unknown) => {
    throw toReviewError(error, comments, pull);
  });
  terminal.out(`${values.approve ? "Approved" : "Requested changes on"} ${pull}.\n`);
  return 0;
};

/** GitHub refuses the whole review if a comment is on a line outside the change, and does not say which one. */
const toReviewError = (error: unknown, comments: readonly LineRemark[], pull: string): unknown => {
  if (!(error instanceof Error && error.message.includes("could not be resolved"))) return error;
  const places = comments.map(({ path, line }) => `${path}:${line}`);
  const [only = "", ...others] = places;
  const what = others.length === 0 ? only : `one of ${places.join(", ")}`;
  return new CommandError(`${what} is not a line of the change in ${pull}, so nothing was posted`);
};

type LineRemark = { readonly path: string; readonly line: number; readonly body: string };

const readLineRemark = (text: string): LineRemark => {
  const [, path = "", line = "", body = ""] = /^(.+?):([1-9]\d{0,8}):(.+)$/s.exec(text) ?? [];
  if (path === "") throw new UsageError(`--comment must be <path>:<line>:<text>, not '${text}'`);
  return { path, line: Number(line), body: body.trim() };
};
