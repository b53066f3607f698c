import type { ForgeAccount } from "./forge-actor.ts";
import type { EmojiReaction } from "./emoji-reaction.ts";
import type { PullRequest } from "./forge-pull.ts";

export type IssueComment = {
  readonly id: number;
  readonly issue: number;
  readonly by: ForgeAccount;
  body: string;
  readonly created: number;
  updated: number;
  /** The time of the last edit; absent without one. */
  edited?: number;
  readonly reactions: EmojiReaction[];
};
/** An issue, or the issue side of a pull request. Both share numbers, comments and labels. */
export type Issue = {
  readonly id: number;
  readonly number: number;
  readonly by: ForgeAccount;
  title: string;
  body: string;
  state: "open" | "closed";
  stateReason: string | null;
  labels: string[];
  assignees: string[];
  readonly created: number;
  updated: number;
  closed: number | null;
  readonly reactions: EmojiReaction[];
  /** Every text that the issue had, oldest first; empty if it was never edited. */
  readonly edits: TextEdit[];
  readonly pull: PullRequest | null;
};
/** A text and the time of its edit. */
export type TextEdit = { readonly at: number; readonly by: ForgeAccount; readonly text: string };
/** A change to an issue or pull request in its history. */
export type IssueEvent = {
  readonly id: number;
  readonly issue: number;
  readonly by: ForgeAccount;
  readonly action: string;
  readonly label: string | null;
  readonly assignee: string | null;
  readonly rename: { readonly from: string; readonly to: string } | null;
  readonly at: number;
};
