import type { GitHubComment } from "../core/domain/github-facts.ts";
import { type RebuildEvidence, type LandedMerge, rebuildFromEvidence } from "../core/decisions/rebuild-decision.ts";
import { readComment } from "../core/events/read-comment.ts";
import type { RepositoryClone } from "../storage/git/repository-clone.ts";
import { readNewIssue, readIssueChange } from "../core/events/read-issue.ts";
import type { GitHubPorts, GitHubReply } from "../github/github-ports.ts";
import { type LedgerSeal, writeSealedCommit } from "../storage/ledger/ledger-keys.ts";
import { toLedgerFiles } from "../storage/ledger/ledger-files.ts";
import type { Event } from "../core/domain/event.ts";
import { type Login, type Millis, isSameLogin } from "../core/domain/ids.ts";
import type { RepositoryRefs } from "../core/domain/query.ts";
import { ATTEMPTS_REF, toBranchRef, LEDGER_REF, readCandidateBranch, readTaskRef } from "../core/domain/refs.ts";
import { readLandingTrailers, readWorkTask } from "../core/messages/commit-messages.ts";
import { readMarker } from "../core/messages/comment-marker.ts";
import { DAY_MS } from "../core/domain/durations.ts";

export type RebuildContext = {
  readonly clone: RepositoryClone;
  readonly github: GitHubPorts;
  readonly botLogin: Login;
  readonly defaultBranch: string;
  readonly now: () => Millis;
  readonly nonce: () => string;
  readonly log: (line: string) => void;
  readonly seal?: LedgerSeal | undefined;
};

/** The age of the oldest comments to read, in milliseconds. */
const REBUILD_LOOKBACK_MS = 60 * DAY_MS;
const MAX_COMMENT_LISTINGS = 20;

/** Starts a line in the message of each landing. */
const TASK_LINE = "Enki-Task: ";

/** Rebuilds a missing ledger. A repository without a ledger in its past is checked only once, until a ledger has been seen. */
export const openLedgerRebuild = (rebuilding: RebuildContext): ((refs: RepositoryRefs) => Promise<boolean>) => {
  let neverExisted = false;
  return async (refs) => {
    const isMissing = refs[LEDGER_REF] === undefined;
    const isRebuilt = isMissing && !neverExisted && (await rebuildLedger(rebuilding, refs));
    neverExisted = isMissing && !isRebuilt;
    return isRebuilt;
  };
};

/**
 * Writes a deleted ledger again from Enki's traces in the repository and on GitHub; false if no ledger ever existed. Throws while GitHub
 * does not answer: with partial knowledge, work would be done twice.
 */
const rebuildLedger = async (rebuilding: RebuildContext, refs: RepositoryRefs): Promise<boolean> => {
  const { clone, defaultBranch, now, nonce, log } = rebuilding;
  const bases = listBases(refs, defaultBranch);
  const tips = bases.flatMap((ref) => refs[ref] ?? []);
  if (refs[ATTEMPTS_REF] === undefined && !(await clone.hasCommitWith(TASK_LINE, tips))) return false;
  const told = await readRebuildEvidence(rebuilding);
  // A copied repository has the history of the original, but none of its executions. Its branches, which may be many, need no look.
  if (!told.ownComments.some(({ body }) => readMarker(body)?.kind === "execution")) return false;
  const landings = await readLandings(clone, refs, bases);
  if (refs[ATTEMPTS_REF] === undefined && landings.length === 0) return false;
  const ledger = rebuildFromEvidence({ landings, refs: Object.keys(refs), ...told, baseBranch: defaultBranch, now: now() });
  const files = [...toLedgerFiles(null, ledger)].flatMap(([path, content]) =>
    content === null ? [] : [[path, { content, mode: "100644" as const }] as const],
  );
  const tree = await clone.writeFiles(null, new Map(files));
  const message = `Rebuild the ledger from what landed\n\nEnki-Write: ${nonce()}`;
  const commit = await writeSealedCommit(clone, rebuilding.seal, { ref: LEDGER_REF, tree, parents: [], message, at: now() });
  // If another process is first, its ledger is read afterwards.
  await clone.push([{ ref: LEDGER_REF, oldSha: null, newSha: commit }]);
  log(`rebuilt the deleted ledger with ${landings.length} landings`);
  return true;
};

/** Lists the branches that work may have landed on, the default branch first. */
const listBases = (refs: RepositoryRefs, defaultBranch: string): string[] => {
  const heads = Object.keys(refs).filter(
    (ref) => ref.startsWith(toBranchRef("")) && !readTaskRef(ref) && readCandidateBranch(ref) === null,
  );
  return [toBranchRef(defaultBranch), ...heads.filter((ref) => ref !== toBranchRef(defaultBranch))];
};

/** Lists landings on the first branch, then landings on each other branch only. */
const readLandings = async (clone: RepositoryClone, refs: RepositoryRefs, bases: readonly string[]): Promise<LandedMerge[]> => {
  const landings: LandedMerge[] = [];
  const seen: string[] = [];
  for (const ref of bases) {
    const tip = refs[ref];
    if (tip === undefined) continue;
    for (const { commit, at, message, onFirstParent } of await clone.commitsWith(TASK_LINE, tip, seen)) {
      const trailers = readLandingTrailers(message);
      // A worker's commit on the base's first-parent line landed by a rebase: its original head no longer exists.
      const task = trailers?.task ?? (onFirstParent ? readWorkTask(message) : null);
      const title = (message.split("\n")[0] ?? "").replace(/ \(#\d+\)$/, "");
      if (task !== null)
        landings.push({ baseBranch: ref.slice(toBranchRef("").length), commit, at, title, task, head: trailers?.head ?? commit });
    }
    seen.push(tip);
  }
  return landings;
};

const readRebuildEvidence = async (rebuilding: RebuildContext): Promise<Pick<RebuildEvidence, "ownComments" | "ownPulls" | "commands">> => {
  const { github, botLogin, now } = rebuilding;
  const comments = new Map<number, GitHubComment>();
  let since = now() - REBUILD_LOOKBACK_MS;
  for (let listing = 0; listing < MAX_COMMENT_LISTINGS; listing += 1) {
    const listed = await github.issues.commentsSince(since);
    if (!listed.ok) throw new Error(`the deleted ledger cannot be rebuilt, because comments cannot be read: ${listed.failure.reason}`);
    const before = comments.size;
    for (const comment of listed.value.comments) comments.set(comment.id, comment);
    if (comments.size === before || listed.value.until === since) break;
    since = listed.value.until;
  }
  const all = [...comments.values()];
  const { starts, ownPulls } = await readIssueEvidence(rebuilding);
  const events = [...all.flatMap((comment) => readComment(comment, botLogin)), ...starts];
  return {
    ownComments: all.filter(({ by }) => isSameLogin(by, botLogin)),
    ownPulls,
    commands: events.flatMap((event) => (event.kind === "commanded" ? [event] : [])),
  };
};

type IssueEvidence = Pick<RebuildEvidence, "ownPulls"> & { readonly starts: readonly Event[] };

/**
 * Commands from the texts, labels and assignments of issues, and Enki's open pull requests. The configured label is unknown now, so every
 * label counts as the trigger.
 */
const readIssueEvidence = async ({ github, botLogin, now }: RebuildContext): Promise<IssueEvidence> => {
  const since = now() - REBUILD_LOOKBACK_MS;
  const listed = requireListing(await github.issues.changedSince(since));
  const changes = requireListing(await github.issues.changesSince(since));
  return {
    starts: [
      ...listed.flatMap((issue) => (issue.onPull ? [] : (readNewIssue({ ...issue, edited: false }, botLogin) ?? []))),
      ...changes.flatMap((change) => readIssueChange(change, { label: change.label ?? "", botLogin: botLogin }) ?? []),
    ],
    ownPulls: listed.flatMap(({ onPull, by, issue: number, body, open }) =>
      onPull && open && isSameLogin(by, botLogin) ? [{ number, body }] : [],
    ),
  };
};

/** Returns the listed items, or none if issues are disabled; throws if GitHub does not answer. */
const requireListing = <T>(reply: GitHubReply<readonly T[]>): readonly T[] => {
  if (reply.ok) return reply.value;
  if (reply.failure.kind === "refused") return [];
  throw new Error(`the deleted ledger cannot be rebuilt, because issues cannot be read: ${reply.failure.reason}`);
};
