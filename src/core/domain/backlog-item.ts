import type { Millis } from "./ids.ts";

/** Issues with this label are the backlog: people see, sort and discuss it where they see everything else. */
export const BACKLOG_LABEL = "enki:backlog";

/** The longest text of an item that we write or hand on, in characters. */
export const MAX_BACKLOG_ITEM_CHARS = 10_000;
/** At most so many items, the newest, are handed to a planner. */
export const MAX_BACKLOG_ITEMS = 100;

/** One open issue of the backlog. Its number is its id. */
export type BacklogItem = { readonly issue: number; readonly title: string; readonly body: string; readonly created: Millis };

/** What a planner does to the backlog. A picked item is closed when the result that picked it is accepted: who dies before that leaves it open. */
export type BacklogChange =
  | { readonly kind: "backlog-add"; readonly body: string }
  | { readonly kind: "backlog-update"; readonly issue: number; readonly body: string }
  | { readonly kind: "backlog-remove"; readonly issue: number }
  | { readonly kind: "backlog-pick"; readonly issue: number };

/** An item's number as it is printed, with or without `#`; null for any other text. */
export const readBacklogItemId = (text: string): number | null => {
  const [, digits] = /^#?([1-9][0-9]{0,8})$/.exec(text.trim()) ?? [];
  return digits === undefined ? null : Number(digits);
};
