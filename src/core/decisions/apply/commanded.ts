import { EDITED_COMMENT_REFUSAL, EDITED_ISSUE_REFUSAL, refuseLackOfPermission } from "../../messages/refusals/commands.ts";
import type { DecisionTransaction, DecisionReader, LedgerReader, EffectWriter } from "../decision-transaction.ts";
import type { CommandedEvent } from "./commanded-event.ts";
import { quotesOtherText, isQuotedReply } from "./revise-plan.ts";
import { renderRefusalReply } from "../../messages/command-replies.ts";
import { hasEnded } from "../../domain/execution.ts";
import { includesPermission, type RepositoryPermission } from "../../domain/github-facts.ts";
import { toInlineCode } from "../../messages/escape.ts";
import { findCommandName, findRequiredPermission } from "../../commands/find-command.ts";
import type { CommandRequest } from "../../domain/event.ts";
import type { CommandAnswer } from "./answer.ts";
import { applyCommand } from "./command.ts";
import { type AnswerText, postAnswers, toReplyId } from "./post-answers.ts";
import { mayAnswer, recordAnswer, recordIgnored } from "./hourly-limits.ts";
import type { Refusal } from "../../domain/refusal.ts";
import type { PersonCommand } from "../../domain/command.ts";
import type { ReactionName } from "../../domain/effect.ts";
import { findReactionTarget } from "../../domain/reaction-target.ts";
import { type Known, UNKNOWN } from "../../domain/known.ts";

/** Applies a comment's commands in order. Each refused command gets an answer; the others take effect. */
export const applyCommanded = (tx: DecisionTransaction, event: CommandedEvent): void => {
  if (isAlreadyStarted(tx, event) || quotesOtherText(tx, event)) return;
  const permission = readAuthorPermission(tx, event);
  if (permission === UNKNOWN || (isQuotedReply(event) && !includesPermission(permission, "write"))) return;
  const answered = mayAnswer(tx, event, permission);
  if (answered === UNKNOWN) return;
  if (!answered) return applyWithoutAnswer(tx, event, permission);
  recordAnswer(tx, event);
  const answers = event.requests.map((request) => ({ request, answer: answerRequest(tx, { event, request, permission }) }));
  const refused = answers.some(({ answer }) => answer !== null && "code" in answer);
  postReaction(tx, event, refused ? "confused" : "eyes");
  postAnswers(
    tx,
    event,
    answers.flatMap(({ request, answer }) => toAnswerText(request, answer)),
  );
};

/** Refusals of commands that cannot be read share a comment, however often somebody mistypes. */
const toAnswerText = (request: CommandRequest, answer: CommandAnswer): AnswerText[] => {
  if (answer === null) return [];
  if (!("code" in answer)) return [{ text: answer.text, shared: answer.shared ?? null }];
  return [{ text: renderRefusalReply(answer), shared: !request.ok && answer === request.refusal ? "hint" : null }];
};

/** Only somebody with write permission can push the ref of a request. */
const readAuthorPermission = (tx: DecisionReader, event: CommandedEvent): Known<RepositoryPermission> => {
  if (event.source.kind === "request") return "write";
  return findEventPermission(event) === null ? "none" : tx.readFact<"permission">({ kind: "permission", login: event.by });
};

const ALWAYS_APPLIED: ReadonlySet<PersonCommand["kind"]> = new Set(["stop", "pause", "cancel"]);

/** Ignores a comment of a silenced person, except for commands that stop work. */
const applyWithoutAnswer = (tx: DecisionTransaction, event: CommandedEvent, permission: RepositoryPermission): void => {
  recordIgnored(tx, event, permission);
  for (const request of event.requests)
    if (request.ok && ALWAYS_APPLIED.has(request.command.kind)) answerRequest(tx, { event, request, permission });
};

/**
 * Whether the request of a label or an assignment is fulfilled: an execution of the issue is unfinished, or started after the label was
 * set.
 */
const isAlreadyStarted = (tx: LedgerReader, { source, issue, at }: CommandedEvent): boolean =>
  (source.kind === "label" || source.kind === "assignment") &&
  tx.executions().some((each) => each.issue === issue && (!hasEnded(each) || each.createdAt >= at));
const findEventPermission = (event: CommandedEvent): RepositoryPermission | null =>
  event.requests.some((request) => request.ok && findRequiredPermission(request.command.kind) !== "none") ? "read" : null;
type RequestContext = { readonly event: CommandedEvent; readonly request: CommandRequest; readonly permission: RepositoryPermission };
const answerRequest = (tx: DecisionTransaction, { event, request, permission }: RequestContext): CommandAnswer => {
  if (event.edited) return event.source.kind === "issue" ? EDITED_ISSUE_REFUSAL : EDITED_COMMENT_REFUSAL;
  if (!request.ok) return request.refusal;
  const needed = findRequiredPermission(request.command.kind);
  if (!includesPermission(permission, needed)) return refusePermission(request.command, { needed, event });
  return applyCommand(tx, event, request.command);
};
type MissingPermission = { readonly needed: RepositoryPermission; readonly event: CommandedEvent };
const refusePermission = (command: PersonCommand, { needed, event }: MissingPermission): Refusal =>
  refuseLackOfPermission(describeRequest(command, event), needed);
/** Describes the attempt of a person without permission. */
const describeRequest = ({ kind }: PersonCommand, { source, by }: CommandedEvent): string => {
  if (source.kind === "label") return `\`${by}\` added the label \`${source.name}\`, which asks Enki to fix this issue. That`;
  if (source.kind === "assignment") return `\`${by}\` assigned this issue to Enki. That`;
  return toInlineCode(`/enki ${findCommandName(kind)}`);
};
const postReaction = (tx: EffectWriter, event: CommandedEvent, reaction: ReactionName): void => {
  const on = findReactionTarget(event);
  if (on) tx.enqueueEffect({ kind: "react", key: `react:${toReplyId(event)}/${reaction}`, target: on, reaction });
};
