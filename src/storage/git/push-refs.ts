import { toBranchRef } from "../../core/domain/refs.ts";
import type { RefMove } from "../../core/domain/decision.ts";
import type { RefName } from "../../core/domain/ids.ts";
import { type GitOutput, runGit, type GitContext } from "./run-git.ts";

/**
 * How a push ended. `stale`: these refs are not what was read. `not-allowed`: the other side refuses to move this ref.
 * `not-sent`: nothing can have happened. `unclear`: it may have happened, read back.
 */
export type PushResult =
  | { readonly kind: "pushed" }
  | { readonly kind: "stale"; readonly refs: readonly RefName[]; readonly text: string }
  | { readonly kind: "not-allowed"; readonly ref: RefName; readonly text: string }
  | { readonly kind: "not-sent"; readonly text: string }
  | { readonly kind: "unclear"; readonly text: string };

type PushLine = { readonly flag: string; readonly ref: RefName; readonly summary: string };

const PUSH_FLAGS = [
  "--porcelain",
  "--atomic",
  "--no-verify",
  "--no-progress",
  "--no-follow-tags",
  "--recurse-submodules=no",
  "--no-signed",
];
const SLOW_CONNECTION_CONFIG = ["-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=30"];

/**
 * One push of all moves, all or nothing, each under the lease of the value that was read.
 * A lease is a force: that a move goes forward is checked by the caller.
 */
export const pushRefs = async (at: GitContext, url: string, moves: readonly RefMove[]): Promise<PushResult> => {
  const leases = moves.map(({ ref, oldSha }) => `--force-with-lease=${ref}:${oldSha ?? ""}`);
  const refspecs = moves.map(({ ref, newSha }) => `${newSha ?? ""}:${ref}`);
  return parsePushResult(await runGit(at, [...SLOW_CONNECTION_CONFIG, "push", ...PUSH_FLAGS, ...leases, url, ...refspecs]), moves);
};

/** Reads the end of a push from its porcelain lines; exit code, `Done` and prose are no proof either way. */
export const parsePushResult = (ran: GitOutput, moves: readonly RefMove[]): PushResult => {
  const lines = parsePushLines(ran.stdout.toString("utf8"));
  const refused = lines.filter(({ flag }) => flag === "!");
  // What is missing here cannot have been unpacked there, whatever the other side says of the rest.
  if (/^fatal: bad object/m.test(ran.stderr)) return { kind: "not-sent", text: ran.stderr.trim().slice(-2_000) };
  if (refused.length > 0) return toPushRefusal(refused, ran.stderr);
  const moved = new Set(moves.filter(({ oldSha, newSha }) => oldSha !== newSha).map(({ ref }) => ref));
  const told = new Set(lines.map(({ ref }) => ref));
  if (ran.code === 0 && [...moved].every((ref) => told.has(ref))) return { kind: "pushed" };
  const text = ran.stderr.trim().slice(-2_000);
  return ran.code === 128 && !ran.timedOut ? { kind: "not-sent", text } : { kind: "unclear", text };
};

const parsePushLines = (stdout: string): PushLine[] =>
  stdout.split("\n").flatMap((line) => {
    const [flag, refs, ...summary] = line.split("\t");
    const ref = refs?.slice(refs.indexOf(":") + 1);
    return flag?.length === 1 && ref?.startsWith("refs/") ? [{ flag, ref, summary: summary.join("\t") }] : [];
  });

/** Words of the other lines of a refused atomic push, which are not the cause. */
const FOLLOWER_SUMMARY_PATTERN = /\((atomic push failed|atomic push failure)\)/;
/** Said of all refs when one of them moved under way, and perhaps of those that went down with one that a rule refused. */
const FAILED_TRANSACTION_PATTERN = /\(atomic transaction failed\)/;
const STALE_REF_PATTERN =
  /\((stale info|fetch first|atomic transaction failed|remote ref updated since checkout|incorrect old value provided|failed to update ref)\)|cannot lock ref/;

const toPushRefusal = (refused: readonly PushLine[], stderr: string): PushResult => {
  const told = refused.filter(({ summary }) => !FOLLOWER_SUMMARY_PATTERN.test(summary));
  const alone = told.filter(({ summary }) => !FAILED_TRANSACTION_PATTERN.test(summary));
  const causes = alone.length > 0 ? alone : told;
  const remote = [...stderr.matchAll(/^remote: ?(.*)$/gm)].map(([, text]) => text?.trim() ?? "").filter((text) => text !== "");
  const text = [...remote, ...causes.map(({ summary }) => summary)].join("\n").slice(0, 2_000);
  const stale = causes.filter(({ summary }) => STALE_REF_PATTERN.test(summary));
  if (stale.length > 0 || causes.length === 0) return { kind: "stale", refs: stale.map(({ ref }) => ref), text };
  return { kind: "not-allowed", ref: findBlamedRef(causes, text), text };
};

/** With a hook that refuses the whole push, the ref is the one that its words name; else the first that was refused. */
const findBlamedRef = (causes: readonly PushLine[], text: string): RefName => {
  const named = causes.find(({ ref }) => text.includes(ref) || text.includes(`'${ref.slice(toBranchRef("").length)}'`));
  return (named ?? causes[0])?.ref ?? "";
};
