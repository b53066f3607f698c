import type { Effect, Ending } from "../model/effect.ts";
import type { Login } from "../model/ids.ts";
import type { Comment, Failure, Issues } from "../github/ports.ts";

type Say = Extract<Effect, { kind: "say" }>;
/** Our words on GitHub, and who we are there. */
export type Speaking = { readonly issues: Issues; readonly self: Login };

const done = (comment: number): Ending<"say"> => ({ kind: "done", known: { comment } });

export const isOurs = (comment: Pick<Comment, "by">, self: Login): boolean => comment.by.toLowerCase() === self.toLowerCase();

export const firstLine = (text: string): string => (text.split("\n", 1)[0] ?? "").trim();

/** The text with its marker as the first line: elsewhere it may be somebody's quotation. */
const marked = ({ marker, body }: Say): string => (firstLine(body) === marker ? body : `${marker}\n${body}`);

const wasDeleted = (failure: Failure): boolean => failure.kind === "refused" && (failure.code === "not-found" || failure.code === "gone");

/** Our comment with this marker, brought up to date: of several the lowest id stays and the others go. Null when there is none. */
const findAndEdit = async (effect: Say, { issues, self }: Speaking): Promise<Ending<"say"> | null> => {
  const listed = await issues.commentsOn(effect.issue);
  if (!listed.ok) return listed.failure;
  const ours = listed.value
    .filter((comment) => isOurs(comment, self) && firstLine(comment.body) === effect.marker)
    .sort((a, b) => a.id - b.id);
  const [first, ...others] = ours;
  if (!first) return null;
  // One that cannot be removed is a blemish, no reason to say everything again.
  for (const other of others) await issues.deleteComment(other.id);
  if (first.body === marked(effect)) return done(first.id);
  const edited = await issues.editComment(first.id, marked(effect));
  return edited.ok ? done(first.id) : edited.failure;
};

const create = async (effect: Say, speaking: Speaking): Promise<Ending<"say">> => {
  const reply = await speaking.issues.comment(effect.issue, marked(effect));
  if (reply.ok) return done(reply.value.comment);
  const unclear = reply.failure.kind === "later" && reply.failure.unclear;
  const found = unclear ? await findAndEdit(effect, speaking) : null;
  return found?.kind === "done" ? found : reply.failure;
};

/**
 * Says something once per marker: edits the comment that is known, looks for ours when it may have been said before, else writes it.
 * A comment that somebody deleted is written anew.
 */
export const say = async (effect: Say, speaking: Speaking, again: boolean): Promise<Ending<"say">> => {
  if (effect.comment !== null) {
    const edited = await speaking.issues.editComment(effect.comment, marked(effect));
    if (edited.ok) return done(effect.comment);
    if (!wasDeleted(edited.failure)) return edited.failure;
  }
  if (effect.comment === null && !again) return create(effect, speaking);
  return (await findAndEdit(effect, speaking)) ?? create(effect, speaking);
};

/** Says on a pull request why it is closed, unless we said just that. Null when it is said. */
export const sayWhy = async (pull: number, text: string, { issues, self }: Speaking): Promise<Failure | null> => {
  if (text.trim() === "") return null;
  const listed = await issues.commentsOn(pull);
  if (!listed.ok) return listed.failure;
  if (listed.value.some((comment) => isOurs(comment, self) && comment.body.trim() === text.trim())) return null;
  const reply = await issues.comment(pull, text);
  return reply.ok ? null : reply.failure;
};
