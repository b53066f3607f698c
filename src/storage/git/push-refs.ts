import { toBranchRef } from "../../core/domain/refs.ts";
import type { RefMove } from "../../core/domain/decision.ts";
import type { RefName } from "../../core/domain/ids.ts";
import type { GitContext, GitOutput } from "./run-git.ts";
import { runNetworkGit } from "./run-network-git.ts";

/**
 * `stale`: the refs moved since they were read. `not-allowed`: the remote refuses to move this ref.
 * `not-sent`: the push had no effect. `unclear`: the push may have succeeded, so the caller reads the refs back.
 */
export type PushResult =
  | { readonly kind: "pushed" }
  | { readonly kind: "stale"; readonly refs: readonly RefName[]; readonly text: string }
  | { readonly kind: "not-allowed"; readonly ref: RefName; readonly text: string }
  | { readonly kind: "not-sent"; readonly text: string }
  | { readonly kind: "unclear"; readonly text: string };

export type PushLine = { readonly flag: string; readonly ref: RefName; readonly summary: string };

const PUSH_FLAGS = ["--porcelain", "--atomic", "--no-verify", "--no-follow-tags", "--recurse-submodules=no", "--no-signed"];

/**
 * Pushes all moves atomically, each with a lease on the value that was read.
 * A lease permits non-fast-forward moves, so callers check the direction.
 */
export const pushRefs = async (at: GitContext, url: string, moves: readonly RefMove[]): Promise<PushResult> => {
  const leases = moves.map(({ ref, oldSha }) => `--force-with-lease=${ref}:${oldSha ?? ""}`);
  const refspecs = moves.map(({ ref, newSha }) => `${newSha ?? ""}:${ref}`);
  return parsePushResult(await runNetworkGit(at, ["push", ...PUSH_FLAGS, ...leases, url, ...refspecs]), moves);
};

/** Parses the porcelain lines of a push; the exit code, `Done` and prose prove neither success nor failure. */
export const parsePushResult = (ran: GitOutput, moves: readonly RefMove[]): PushResult => {
  const lines = parsePushLines(ran.stdout.toString("utf8"));
  const refused = lines.filter(({ flag }) => flag === "!");
  // An object that is missing locally cannot have reached the remote, whatever the remote reports about other refs.
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

/** Summary of the refs that failed only because another ref of the atomic push was refused. */
const FOLLOWER_SUMMARY_PATTERN = /\((atomic push failed|atomic push failure)\)/;
/** Git reports a failed transaction for all refs if one moved during the push, and sometimes for refs refused together with a protected one. */
const FAILED_TRANSACTION_PATTERN = /\(atomic transaction failed\)/;
const STALE_REF_PATTERN =
  /\((stale info|fetch first|atomic transaction failed|remote ref updated since checkout|incorrect old value provided|failed to update ref)\)|cannot lock ref/;

export const toPushRefusal = (refused: readonly PushLine[], stderr: string): PushResult => {
  const told = refused.filter(({ summary }) => !FOLLOWER_SUMMARY_PATTERN.test(summary));
  const alone = told.filter(({ summary }) => !FAILED_TRANSACTION_PATTERN.test(summary));
  const causes = alone.length > 0 ? alone : told;
  const remote = [...stderr.matchAll(/^remote: ?(.*)$/gm)].map(([, text]) => text?.trim() ?? "").filter((text) => text !== "");
  const text = [...remote, ...causes.map(({ summary }) => summary)].join("\n").slice(0, 2_000);
  const stale = causes.filter(({ summary }) => STALE_REF_PATTERN.test(summary));
  if (stale.length > 0 || causes.length === 0) return { kind: "stale", refs: stale.map(({ ref }) => ref), text };
  return { kind: "not-allowed", ref: findBlamedRef(causes, text), text };
};

/** If a hook refuses the whole push, the ref named in the hook's message; otherwise the first refused ref. */
const findBlamedRef = (causes: readonly PushLine[], text: string): RefName => {
  const named = causes.find(({ ref }) => text.includes(ref) || text.includes(`'${ref.slice(toBranchRef("").length)}'`));
  return (named ?? causes[0])?.ref ?? "";
};
