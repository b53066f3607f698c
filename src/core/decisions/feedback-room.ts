import { isTrustedPermission } from "../domain/brief.ts";
import type { RemarkId } from "../domain/event.ts";
import type { FeedbackItem, PersonRemark } from "../domain/feedback.ts";
import type { Millis } from "../domain/ids.ts";
import { takeFirstChars } from "../domain/visible-text.ts";

/** A part of a feedback item that is kept or left out whole. */
type FeedbackPart = {
  readonly item: FeedbackItem;
  readonly remarks: readonly PersonRemark[];
  readonly trusted: boolean;
  /** The highest rank is kept first. */
  readonly rank: number;
  readonly at: Millis;
};

const REMARK_RANKS = {
  strangersReply: 0,
  strangersRemark: 1,
  strangersReview: 2,
  remark: 3,
  review: 4,
  changesRequested: Infinity,
} as const;

const listItemRemarks = (item: FeedbackItem): readonly PersonRemark[] => (item.kind === "thread" ? item.content : [item.content]);

const rankItem = (item: FeedbackItem, trusted: boolean): number => {
  if (item.kind === "remark") return trusted ? REMARK_RANKS.remark : REMARK_RANKS.strangersRemark;
  if (!trusted) return REMARK_RANKS.strangersReview;
  return item.kind === "review" && item.verdict === "changes-requested" ? REMARK_RANKS.changesRequested : REMARK_RANKS.review;
};

/**
 * The parts of an item, most important first. A thread is as trusted as its new remarks: a stranger's reply gives no new weight to a
 * maintainer's old remark. Strangers' replies in a maintainer's thread may be left out separately, but not the remark that started the
 * thread, since the maintainer answers it.
 */
const splitItem = (item: FeedbackItem, isNew: (said: PersonRemark) => boolean): FeedbackPart[] => {
  const all = listItemRemarks(item);
  const trusted = all.some((said) => isNew(said) && isTrustedPermission(said.permission));
  const at = Math.max(...all.map((said) => said.at));
  const whole: FeedbackPart = { item, remarks: all, trusted, rank: rankItem(item, trusted), at };
  if (item.kind !== "thread" || !trusted) return [whole];
  const [first] = all;
  const ours = all.filter(({ permission }) => isTrustedPermission(permission));
  const theirs = all.filter(({ permission }) => !isTrustedPermission(permission));
  const rankOfReply = (said: PersonRemark): number => (said === first ? REMARK_RANKS.strangersReview : REMARK_RANKS.strangersReply);
  return [
    { ...whole, remarks: ours },
    ...theirs.map((said): FeedbackPart => ({ item, remarks: [said], trusted: false, rank: rankOfReply(said), at: said.at })),
  ];
};

const CUT_NOTICE = "\n[… the rest is left out: it is too long …]";

/** The newest remarks that fit, the oldest of them cut; null if none fits. */
const shortenRemarks = (said: readonly PersonRemark[], room: number): readonly PersonRemark[] | null => {
  const kept: PersonRemark[] = [];
  let free = room;
  for (const each of said.toReversed()) {
    const text = takeFirstChars(each.text, Math.max(0, free));
    if (text === "" && each.text !== "") break;
    free -= text.length;
    kept.push(text === each.text ? each : { ...each, text: text + CUT_NOTICE });
    if (text !== each.text) break;
  }
  return kept.length === 0 ? null : kept.reverse();
};

const countRemarkChars = (said: readonly PersonRemark[]): number => said.reduce((sum, { text }) => sum + text.length, 0);

/** Manages the available characters; people without write access get at most half of them. */
const openFeedbackRoom = (maxChars: number) => {
  const room = { all: maxChars, others: Math.floor(maxChars / 2) };
  const begun = new Set<boolean>();
  const kept = new Map<FeedbackItem, readonly PersonRemark[]>();
  const take = ({ item, trusted }: FeedbackPart, said: readonly PersonRemark[], length: number): void => {
    room.all -= length;
    if (!trusted) room.others -= length;
    begun.add(trusted);
    kept.set(item, [...(kept.get(item) ?? []), ...said]);
  };
  return {
    kept,
    /**
     * Keeps a part if there is room. The first part of trusted people and the first part of others are cut instead of left out, or they
     * would never be read.
     */
    keep: (piece: FeedbackPart): boolean => {
      const { item, remarks, trusted, rank } = piece;
      const isReply = item.kind === "thread" && !trusted && rank !== rankItem(item, false);
      if (isReply && !kept.has(item)) return false;
      const hunk = item.kind === "thread" && !kept.has(item) ? item.hunk.length : 0;
      const length = hunk + countRemarkChars(remarks);
      const free = trusted ? room.all : Math.min(room.all, room.others);
      if (length <= free || rank === Infinity) {
        take(piece, remarks, length);
        return true;
      }
      const short = begun.has(trusted) ? null : shortenRemarks(remarks, free - hunk);
      if (short) take(piece, short, hunk + countRemarkChars(short));
      return short !== null;
    },
  };
};

export type FittedFeedback = {
  readonly items: readonly FeedbackItem[];
  /** The number of items, and of replies in kept threads, that were left out. */
  readonly omittedCount: number;
  /** The ids of the remarks that were left out. */
  readonly omittedRemarks: ReadonlySet<RemarkId>;
};

type FitOptions = { readonly maxChars: number; readonly isNew: (said: PersonRemark) => boolean };

/** As much feedback as fits: trusted people first, then by kind, then the newest first. Requested changes are always kept. */
export const fitFeedback = (items: readonly FeedbackItem[], { maxChars, isNew }: FitOptions): FittedFeedback => {
  const room = openFeedbackRoom(maxChars);
  const pieces = items.flatMap((item) => splitItem(item, isNew)).toSorted((a, b) => b.rank - a.rank || b.at - a.at);
  const dropped = pieces.filter((piece) => !room.keep(piece));
  const whole = new Set(dropped.filter(({ item }) => !room.kept.has(item)).map(({ item }) => item));
  return {
    items: items.flatMap((item): FeedbackItem[] => {
      const said = room.kept.get(item);
      return said ? [withRemarks(item, said)] : [];
    }),
    omittedCount: whole.size + dropped.filter(({ item }) => room.kept.has(item)).length,
    omittedRemarks: new Set(dropped.flatMap(({ remarks }) => remarks.map(({ id }) => id))),
  };
};

/** An item with only these remarks, in the order in which they were written. */
const withRemarks = (item: FeedbackItem, said: readonly PersonRemark[]): FeedbackItem => {
  const words = new Map(said.map((each) => [each.id, each]));
  if (item.kind === "thread") return { ...item, content: item.content.flatMap(({ id }) => words.get(id) ?? []) };
  return { ...item, content: words.get(item.content.id) ?? item.content };
};
