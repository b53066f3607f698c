import type { Brief } from "../../model/brief.ts";
import { accept, refuse, type Result } from "../../model/refusal.ts";
import type { Draft } from "../draft.ts";
import type { Commanded } from "./commanded.ts";

/** What people wrote on the issue of a command, read once for it; undefined while that is not known. Refusal: `issue-unreadable`. */
export const briefOf = (draft: Draft, { id, at, issue, onPull, source }: Commanded): Result<Brief> | undefined => {
  const { comments, maxChars } = draft.snapshot.config.brief;
  const comment = source.kind === "comment" ? source.id : null;
  const answer = draft.ask<"brief">({ kind: "brief", command: id, issue, onPull, until: at, comment, comments, maxChars });
  if (answer === undefined) return undefined;
  return answer.kind === "read"
    ? accept(answer.brief)
    : refuse("issue-unreadable", `Enki could not read #${issue}, so it planned nothing: ${answer.why}.`, "/enki fix");
};
