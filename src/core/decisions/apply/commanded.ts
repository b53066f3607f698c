import { EDITED_COMMENT_REFUSAL, EDITED_ISSUE_REFUSAL, refuseLackOfPermission } from "../../messages/refusals/commands.ts";
import type { DecisionTransaction, DecisionReader } from "../decision-transaction.ts";
import type { CommandedEvent } from "./commanded-event.ts";
import { quotesOtherText, isQuotedReply } from "./revise-plan.ts";
import { renderRefusalReply } from "../../messages/command-replies.ts";
import { writeMarker } from "../../messages/comment-marker.ts";
import { hasEnded } from "../../domain/execution.ts";
import { hashValue } from "../../domain/ids.ts";
import { includesPermission, type RepositoryPermission } from "../../domain/github-facts.ts";
import { toInlineCode } from "../../messages/escape.ts";
import { findCommandName, findRequiredPermission } from "../../commands/command-table.ts";
import type { CommandRequest } from "../../domain/event.ts";
import type { CommandAnswer } from "./answer.ts";
import { applyCommand } from "./command.ts";
import { mayAnswer, recordAnswer, recordIgnored } from "./hourly-limits.ts";
import type { Refusal } from "../../domain/refusal.ts";
import type { PersonCommand } from "../../domain/command.ts";
import type { ReactionName, ReactionTarget } from "../../domain/effect.ts";

/** Applies a comment's commands in order. Each refused command gets an answer; the others take effect. */
export const applyCommanded = (tx: DecisionTransaction, event: CommandedEvent): void => {
  if (isAlreadyStarted(tx, event) || quotesOtherText(tx, event)) return;
  const permission = readAuthorPermission(tx, event);
  if (permission === undefined || (isQuotedReply(event) && !includesPermission(permission, "write"))) return;
  const answered = mayAnswer(tx, event, permission);
  if (answered === undefined) return;
  if (!answered) return applyWithoutAnswer(tx, event, permission);
  recordAnswer(tx, event);
  const answers = event.requests.map((request) => answerRequest(tx, { event, request, permission }));
  const refused = answers.some((each) => each !== null && "code" in each);
  postReaction(tx, event, refused ? "confused" : "eyes");
  const texts = answers.flatMap((each) => (each === null ? [] : ["code" in each ? renderRefusalReply(each) : each.text]));
  if (texts.length === 0) return;
  const id = toReplyId(event);
  const marker = writeMarker({ kind: "reply", id });
  const body = [marker, ...texts].join("\n\n");
  const { source, issue } = event;
  if (source.kind === "review-comment")
    tx.enqueueEffect({
      kind: "reply-review-comment",
      key: `reply-review-comment:${id}`,
      pull: issue,
      comment: source.thread,
      marker,
      body,
    });
  else tx.enqueueEffect({ kind: "write-comment", key: `write-comment:reply/${id}`, issue, marker, body, comment: null });
};

/** Only somebody with write permission can push the ref of a request. */
const readAuthorPermission = (tx: DecisionReader, event: CommandedEvent): RepositoryPermission | undefined => {
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
const isAlreadyStarted = (tx: DecisionReader, { source, issue, at }: CommandedEvent): boolean =>
  (source.kind === "label" || source.kind === "assignment") &&
  tx.executions().some((each) => each.issue === issue && (!hasEnded(each) || each.createdAt >= at));
/** An id that is unique for the answer to one event. */
const toReplyId = ({ id, issue, source }: CommandedEvent): string => {
  switch (source.kind) {
    case "comment":
      return String(source.id);
    case "issue":
      return `issue${issue}`;
    case "review":
      return `review${source.id}`;
    case "review-comment":
      return `line${source.id}`;
    case "label":
    case "assignment":
    case "request":
      return hashValue(id).slice(0, 12);
  }
};
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
const postReaction = (tx: DecisionTransaction, event: CommandedEvent, reaction: ReactionName): void => {
  const on = findReactionTarget(event);
  if (on) tx.enqueueEffect({ kind: "react", key: `react:${toReplyId(event)}/${reaction}`, target: on, reaction });
};
const findReactionTarget = ({ issue, source }: CommandedEvent): ReactionTarget | null => {
  switch (source.kind) {
    case "comment":
    case "review-comment":
      return { kind: source.kind, id: source.id };
    case "issue":
    case "label":
    case "assignment":
    case "request":
      return { kind: "issue", number: issue };
    case "review":
      return null;
  }
};
