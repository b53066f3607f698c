import { refuseUnknownIssue } from "../../messages/refusals/tools.ts";
import type { BacklogChange } from "../../domain/backlog-item.ts";
import { hashValue } from "../../domain/ids.ts";
import type { Refusal } from "../../domain/refusal.ts";
import { renderBacklogBody, renderBacklogTitle } from "../../messages/backlog-text.ts";
import { writeMarker } from "../../messages/comment-marker.ts";
import type { EffectWriter, TextWriter } from "../decision-transaction.ts";

/** Changes the backlog. Only issues that GitHub listed with the backlog label are changed or closed. Refusal: `unknown-item`. */
export const changeBacklog = (tx: EffectWriter & TextWriter, change: BacklogChange, job: string): Refusal | null => {
  // The id includes the job, because another job may close an issue again after a person reopened it.
  const id = hashValue([job, change]).slice(0, 12);
  if (change.kind === "backlog-add") {
    const marker = writeMarker({ kind: "backlog", id });
    const body = renderBacklogBody(change.body);
    tx.enqueueEffect({ kind: "open-issue", key: `open-issue:${id}`, marker, title: renderBacklogTitle(change.body), body });
    tx.note(`added to the backlog: ${id}`);
    return null;
  }
  const { issue } = change;
  if (!tx.ledger().backlog.some((item) => item.issue === issue)) return refuseUnknownIssue(issue);
  if (change.kind === "backlog-update") {
    const body = renderBacklogBody(change.body);
    tx.enqueueEffect({ kind: "edit-issue", key: `edit-issue:${issue}/${id}`, issue, title: renderBacklogTitle(change.body), body });
  } else {
    const reason = change.kind === "backlog-pick" ? "completed" : "not_planned";
    tx.enqueueEffect({ kind: "close-backlog-issue", key: `close-backlog-issue:${issue}/${id}`, issue, reason });
    tx.recordBacklog(tx.ledger().backlog.filter((item) => item.issue !== issue));
  }
  tx.note(`backlog: ${change.kind.slice("backlog-".length)} #${issue}`);
  return null;
};
