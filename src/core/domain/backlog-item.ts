import type { Millis } from "./ids.ts";

/** Open issues with this label form the backlog. */
export const BACKLOG_LABEL = "enki:backlog";

/** Longer item texts are cut when they are written to GitHub or passed to a planner. */
export const MAX_BACKLOG_ITEM_CHARS = 10_000;
/** The newest items are passed to a planner. */
export const MAX_BACKLOG_ITEMS = 100;

/** One open issue of the backlog. Its number is its id. */
export type BacklogItem = { readonly issue: number; readonly title: string; readonly body: string; readonly created: Millis };

/** A planner's change to the backlog. A picked item is closed only after the picking job's result is accepted, so a crashed planner leaves the item open. */
export type BacklogChange =
  | { readonly kind: "backlog-add"; readonly body: string }
  | { readonly kind: "backlog-update"; readonly issue: number; readonly body: string }
  | { readonly kind: "backlog-remove"; readonly issue: number }
  | { readonly kind: "backlog-pick"; readonly issue: number };

/** Reads an issue number with or without `#`; null for any other text. */
export const readBacklogItemId = (text: string): number | null => {
  const [, digits] = /^#?([1-9][0-9]{0,8})$/.exec(text.trim()) ?? [];
  return digits === undefined ? null : Number(digits);
};
