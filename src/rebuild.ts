import { type Evidence, type Landing, rebuilt } from "./decisions/rebuilt.ts";
import { readComment } from "./events/comment.ts";
import type { Clone } from "./git/clone.ts";
import { readIssue, readIssueChange } from "./events/issue.ts";
import type { Comment, GitHub, Reply } from "./github/ports.ts";
import { ledgerFiles } from "./ledger/layout.ts";
import type { Event } from "./model/event.ts";
import type { Login, Millis } from "./model/ids.ts";
import type { Refs } from "./model/query.ts";
import { ATTEMPTS, branchRef, LEDGER, readCandidateBranch, readTaskRef } from "./model/refs.ts";
import { readTrailers, readWorkTask } from "./render/commits.ts";
import { readMarker } from "./render/marker.ts";

export type Rebuilding = {
  readonly clone: Clone;
  readonly github: GitHub;
  readonly self: Login;
  readonly defaultBranch: string;
  readonly now: () => Millis;
  readonly nonce: () => string;
  readonly log: (line: string) => void;
};

/** What nobody spoke of for longer is not worth reading the whole repository's comments for; milliseconds. */
const BACK = 60 * 24 * 60 * 60_000;
const MOST_LISTINGS = 20;

/** Rebuilds a ledger that is missing. Where there never was one that is found out once, not at every turn, until one has been seen. */
export const openRebuild = (rebuilding: Rebuilding): ((refs: Refs) => Promise<boolean>) => {
  let neverWas = false;
  return async (refs) => {
    const isMissing = refs[LEDGER] === undefined;
    const isRebuilt = isMissing && !neverWas && (await rebuildLedger(rebuilding, refs));
    neverWas = isMissing && !isRebuilt;
    return isRebuilt;
  };
};

/**
 * Writes a ledger anew where somebody deleted it, from what Enki left in the repository and on GitHub; false where there never was one.
 * Throws while GitHub does not answer: with half of what is known, work would be done twice.
 */
const rebuildLedger = async (rebuilding: Rebuilding, refs: Refs): Promise<boolean> => {
  const { clone, defaultBranch, now, nonce, log } = rebuilding;
  const landings = await readLandings(clone, refs, defaultBranch);
  if (landings.length === 0 && refs[ATTEMPTS] === undefined) return false;
  const told = await readTold(rebuilding);
  // A copy of a repository has its history, and nothing of what was done there is this one's.
  if (!told.said.some(({ body }) => readMarker(body)?.kind === "execution")) return false;
  const ledger = rebuilt({ landings, refs: Object.keys(refs), ...told, base: defaultBranch, now: now() });
  const files = [...ledgerFiles(null, ledger)].flatMap(([path, content]) =>
    content === null ? [] : [[path, { content, mode: "100644" as const }] as const],
  );
  const tree = await clone.writeFiles(null, new Map(files));
  const message = `Rebuild the ledger from what landed\n\nEnki-Write: ${nonce()}`;
  const commit = await clone.writeCommit({ tree, parents: [], message, at: now() });
  // Whoever else does the same may be first: what is there then is read.
  await clone.push([{ ref: LEDGER, from: null, to: commit }]);
  log(`the ledger was gone: ${landings.length} landings are known again`);
  return true;
};

/** What landed on the default branch, then what landed on others beside it. */
const readLandings = async (clone: Clone, refs: Refs, defaultBranch: string): Promise<Landing[]> => {
  const heads = Object.keys(refs).filter((ref) => ref.startsWith(branchRef("")) && !readTaskRef(ref) && readCandidateBranch(ref) === null);
  const bases = [branchRef(defaultBranch), ...heads.filter((ref) => ref !== branchRef(defaultBranch))];
  const landings: Landing[] = [];
  const seen: string[] = [];
  for (const ref of bases) {
    const tip = refs[ref];
    if (tip === undefined) continue;
    for (const { commit, at, message, own } of await clone.commitsWith("Enki-Task: ", tip, seen)) {
      const trailers = readTrailers(message);
      // On the base's own line, a worker's commit was rebased: its head is gone.
      const task = trailers?.task ?? (own ? readWorkTask(message) : null);
      const title = (message.split("\n")[0] ?? "").replace(/ \(#\d+\)$/, "");
      if (task !== null) landings.push({ base: ref.slice(branchRef("").length), commit, at, title, task, head: trailers?.head ?? commit });
    }
    seen.push(tip);
  }
  return landings;
};

const readTold = async (rebuilding: Rebuilding): Promise<Pick<Evidence, "said" | "commands">> => {
  const { github, self, now } = rebuilding;
  const comments = new Map<number, Comment>();
  let since = now() - BACK;
  for (let listing = 0; listing < MOST_LISTINGS; listing += 1) {
    const listed = await github.issues.commentsSince(since);
    if (!listed.ok) throw new Error(`the ledger is gone, and what was said cannot be read: ${listed.failure.why}`);
    const before = comments.size;
    for (const comment of listed.value.comments) comments.set(comment.id, comment);
    if (comments.size === before || listed.value.until === since) break;
    since = listed.value.until;
  }
  const all = [...comments.values()];
  const events = [...all.flatMap((comment) => readComment(comment, self)), ...(await readStarts(rebuilding))];
  return { said: all.filter(({ by }) => by === self), commands: events.flatMap((event) => (event.kind === "commanded" ? [event] : [])) };
};

/** What texts, labels and assignments of issues asked for. Which label counted is not known any more: each is taken for one that did. */
const readStarts = async ({ github, self, now }: Rebuilding): Promise<Event[]> => {
  const since = now() - BACK;
  const created = listed(await github.issues.changedSince(since));
  const changes = listed(await github.issues.changesSince(since));
  return [
    ...created.flatMap((issue) => (issue.onPull ? [] : (readIssue({ ...issue, edited: false }, self) ?? []))),
    ...changes.flatMap((change) => readIssueChange(change, { label: change.label ?? "", self }) ?? []),
  ];
};

/** Where a repository has no issues nothing was asked for by them. */
const listed = <T>(reply: Reply<readonly T[]>): readonly T[] => {
  if (reply.ok) return reply.value;
  if (reply.failure.kind === "refused") return [];
  throw new Error(`the ledger is gone, and what was asked for cannot be read: ${reply.failure.why}`);
};
