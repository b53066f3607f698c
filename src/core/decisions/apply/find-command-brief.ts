import { refuseUnreadIssue } from "../../messages/refusals/commands.ts";
import type { Brief } from "../../domain/brief.ts";
import { accept, type Result } from "../../domain/refusal.ts";
import type { DecisionReader } from "../decision-transaction.ts";
import type { CommandedEvent } from "./commanded-event.ts";
import { type Known, UNKNOWN } from "../../domain/known.ts";

/** The brief of a command, read once from its issue. Refusal: `issue-unreadable`. */
export const findCommandBrief = (
  tx: DecisionReader,
  { id, at, issue, onPullRequest, source, by }: CommandedEvent,
): Known<Result<Brief>> => {
  const { comments, maxChars } = tx.snapshot.config.brief;
  const comment = source.kind === "comment" ? source.id : null;
  const answer = tx.readFact<"brief">({ kind: "brief", command: id, issue, onPullRequest, asOf: at, comment, comments, maxChars });
  if (answer === UNKNOWN) return UNKNOWN;
  return answer.kind === "read" ? accept(addDetails(answer.brief, { at, source, by })) : refuseUnreadIssue(issue, answer.reason);
};

/** A job of CI adds its text like a comment by somebody without rights. */
const addDetails = (brief: Brief, { at, source, by }: Pick<CommandedEvent, "at" | "source" | "by">): Brief =>
  source.kind === "request" && source.details !== undefined
    ? { ...brief, comments: [...brief.comments, { id: 0, by, permission: "none", at, text: source.details }] }
    : brief;
