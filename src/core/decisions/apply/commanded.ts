import type { DecisionTransaction } from "../decision-transaction.ts";
import type { Commanded } from "./commanded-event.ts";
import { isOtherQuote, isQuoted } from "./revise-plan.ts";
import { renderRefusalReply } from "../../messages/command-replies.ts";
import { writeMarker } from "../../messages/comment-marker.ts";
import { hasEnded } from "../../domain/execution.ts";
import { hashValue } from "../../domain/ids.ts";
import type { RepositoryPermission } from "../../domain/github-facts.ts";
import { findRequiredPermission } from "../../commands/command-table.ts";
import type { CommandRequest } from "../../domain/event.ts";
import type { Answer } from "./answer.ts";
import { applyCommand } from "./command.ts";
import { type Refusal, refuse } from "../../domain/refusal.ts";
import type { Command } from "../../domain/command.ts";
import type { ReactionName, ReactionTarget } from "../../domain/effect.ts";

/** Applies a comment's commands in order. Each refused command gets an answer; the others take effect. */
export const applyCommanded = (tx: DecisionTransaction, event: Commanded): void => {
  if (isSatisfied(tx, event) || isOtherQuote(tx, event)) return;
  const permission = neededPermission(event) === null ? "none" : tx.readFact<"permission">({ kind: "permission", login: event.by });
  if (permission === undefined || (isQuoted(event) && rights.indexOf(permission) < rights.indexOf("write"))) return;
  const answers = event.requests.map((request) => answer(tx, { event, request, permission }));
  const refused = answers.some((each) => each !== null && "code" in each);
  react(tx, event, refused ? "confused" : "eyes");
  const texts = answers.flatMap((each) => (each === null ? [] : ["code" in each ? renderRefusalReply(each) : each.text]));
  if (texts.length === 0) return;
  const id = replyId(event);
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
/**
 * Whether the request of a label or an assignment is fulfilled: an execution of the issue is unfinished, or started after the label was
 * set.
 */
const isSatisfied = (tx: DecisionTransaction, { source, issue, at }: Commanded): boolean =>
  (source.kind === "label" || source.kind === "assignment") &&
  tx.executions().some((each) => each.issue === issue && (!hasEnded(each) || each.createdAt >= at));
/** An id that is unique for the answer to one event. */
const replyId = ({ id, issue, source }: Commanded): string => {
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
      return hashValue(id).slice(0, 12);
  }
};
const rights: readonly RepositoryPermission[] = ["none", "read", "write", "admin"];
const neededPermission = (event: Commanded): RepositoryPermission | null =>
  event.requests.some((request) => request.ok && findRequiredPermission(request.command.kind) !== "none") ? "read" : null;
type One = { readonly event: Commanded; readonly request: CommandRequest; readonly permission: RepositoryPermission };
const answer = (tx: DecisionTransaction, { event, request, permission }: One): Answer => {
  if (event.edited) return event.source.kind === "issue" ? changed : edited;
  if (!request.ok) return request.refusal;
  const needed = findRequiredPermission(request.command.kind);
  if (rights.indexOf(permission) < rights.indexOf(needed)) return forbidden(request.command, { needed, event });
  return applyCommand(tx, event, request.command);
};
const edited: Refusal = refuse(
  "edited-comment",
  "This comment was edited before it was read, so it is not clear who wrote what. Write the command in a new comment.",
).refusal;
const changed: Refusal = refuse(
  "edited-issue",
  "This issue changed before its text was read, so it is not clear who wrote what. Write the command in a comment.",
).refusal;
type Forbidden = { readonly needed: RepositoryPermission; readonly event: Commanded };
const forbidden = (command: Command, { needed, event }: Forbidden): Refusal =>
  refuse("no-permission", `${subjectOf(command, event)} needs ${needed} permission in this repository.`, "/enki help").refusal;
/** Describes the attempt of a person without permission. */
const subjectOf = ({ kind }: Command, { source, by }: Commanded): string => {
  if (source.kind === "label") return `\`${by}\` added the label \`${source.name}\`, which asks Enki to fix this issue. That`;
  if (source.kind === "assignment") return `\`${by}\` assigned this issue to Enki. That`;
  return `\`${kind}\``;
};
const react = (tx: DecisionTransaction, event: Commanded, reaction: ReactionName): void => {
  const on = reactionTarget(event);
  if (on) tx.enqueueEffect({ kind: "react", key: `react:${replyId(event)}/${reaction}`, target: on, reaction: reaction });
};
const reactionTarget = ({ issue, source }: Commanded): ReactionTarget | null => {
  switch (source.kind) {
    case "comment":
    case "review-comment":
      return { kind: source.kind, id: source.id };
    case "issue":
    case "label":
    case "assignment":
      return { kind: "issue", number: issue };
    case "review":
      return null;
  }
};
