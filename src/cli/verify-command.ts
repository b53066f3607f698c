import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Sha } from "../core/domain/ids.ts";
import { PROOFS_REF, toProofPath } from "../core/domain/refs.ts";
import {
  type CommitVerdict,
  renderCommitVerdict,
  renderVerdictCounts,
  UNCHECKED_REPOSITORY,
  UNCHECKED_SIGNATURES,
} from "../core/messages/proof-text.ts";
import { refuseMissingProofs, refuseUnprovenCommit } from "../core/messages/refusals/proofs.ts";
import { MAX_ENVELOPE_BYTES } from "../core/proof/proof-envelope.ts";
import { judgeLanding, openProof, PROOF_KEYS_PATH, type ProofKey, type ProofTrust } from "../core/proof/verify-proof.ts";
import { chooseScheme } from "../core/setup/remote-address.ts";
import { readBlobs } from "../storage/git/git-objects.ts";
import { type GitContext, runGit } from "../storage/git/run-git.ts";
import { type LandingReader, openLandingReader } from "../storage/proofs/landing-facts.ts";
import { readProofKeys } from "../storage/proofs/proof-keys.ts";
import { CommandError, readNamedFile, readOptionsAndWords, UsageError } from "./command-options.ts";
import { findRepository } from "./find-repository.ts";
import { readOrigin } from "./read-origin.ts";
import type { TerminalHost } from "./terminal-host.ts";

export const verifyOptions = {
  key: {
    type: "string",
    multiple: true,
    value: "<file or text>",
    about: "a public key that signs; by default the keys of .enki/proofs.pub",
  },
  repository: { type: "string", value: "<address>", about: "the repository that the statements are about; by default the remote origin" },
  branch: {
    type: "string",
    value: "<name>",
    about: "the branch on which the commits should have landed; the default branch, if the target is its remote branch",
  },
  unsigned: { type: "boolean", default: false, about: "accept statements without a signature, if no key is known" },
  json: { type: "boolean", default: false, about: "print JSON, with the whole statements" },
} as const;

/**
 * `enki verify <commit>|<range>`: compares landed commits with their statements, without a network. Exits with 1 unless every commit is
 * verified.
 */
export const runVerifyCommand = async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
  const { values, words } = readOptionsAndWords(args, verifyOptions, 1);
  const [target] = words;
  if (target === undefined || target.includes("..."))
    throw new UsageError("name a commit: enki verify <commit>, or enki verify <commit>..<commit>");
  const { directory } = await findRepository(terminal, ".");
  const at: GitContext = { directory, after: terminal.after };
  const commits = await listCommits(at, target);
  await requireProofs(at);
  const trust = { keys: await readKeys(terminal, at, values.key ?? []), acceptsUnsigned: values.unsigned };
  const repository = values.repository ?? (await readOriginUrl(terminal, at));
  const reader = await openLandingReader(at, commits);
  const branch = values.branch ?? (await findDefaultBranch(at, target));
  const verdicts = await verifyCommits(at, commits, { trust, repository, branch, reader });
  if (values.json) terminal.out(`${JSON.stringify({ repository, commits: verdicts }, null, 2)}\n`);
  else for (const verdict of verdicts) terminal.out(`${renderCommitVerdict(verdict)}\n`);
  terminal.err(`${renderVerdictCounts(verdicts)}\n`);
  if (trust.keys.length === 0) terminal.err(`${UNCHECKED_SIGNATURES}\n`);
  if (repository === null) terminal.err(`${UNCHECKED_REPOSITORY}\n`);
  for (const next of listNextSteps(verdicts)) terminal.err(`Next: ${next}\n`);
  return verdicts.every(({ kind }) => kind === "verified") ? 0 : 1;
};

const listNextSteps = (verdicts: readonly CommitVerdict[]): string[] => [
  ...new Set(verdicts.flatMap((verdict) => (verdict.kind === "refused" ? [verdict.refusal.next] : []))),
];

const askGit = async (at: GitContext, ...args: string[]): Promise<string | null> => {
  const { stdout, code } = await runGit(at, args);
  return code === 0 ? stdout.toString("utf8").trim() : null;
};

/** The named commit, or the commits of a range along the first parents, oldest first. */
const listCommits = async (at: GitContext, target: string): Promise<readonly Sha[]> => {
  const found = target.includes("..")
    ? await askGit(at, "rev-list", "--first-parent", "--reverse", "--end-of-options", target, "--")
    : await askGit(at, "rev-parse", "--verify", "-q", "--end-of-options", `${target}^{commit}`);
  if (found === null) throw new CommandError(`there is no commit ${target}`);
  if (found === "") throw new CommandError(`${target} contains no commit`);
  return found.split("\n");
};

const requireProofs = async (at: GitContext): Promise<void> => {
  if ((await askGit(at, "rev-parse", "--verify", "-q", `${PROOFS_REF}^{tree}`)) !== null) return;
  if ((await askGit(at, "remote", "get-url", "origin")) === null)
    throw new CommandError("this repository has no statements, and no remote origin to fetch them from; enki run writes none");
  const { message, next } = refuseMissingProofs().refusal;
  throw new CommandError(`${message} To fetch it: ${next}`);
};

/** Keys named by a person, otherwise the keys of the default branch. */
const readKeys = async (terminal: TerminalHost, at: GitContext, named: readonly string[]): Promise<readonly ProofKey[]> => {
  const texts: string[] = [];
  for (const key of named) texts.push(existsSync(resolve(terminal.cwd, key)) ? await readNamedFile(terminal, key) : key);
  const own = named.length === 0 ? await readPublishedKeys(at) : null;
  const keys = readProofKeys([...texts, ...(own === null ? [] : [own])].join("\n"));
  if (keys === null || (named.length > 0 && keys.length === 0))
    throw new CommandError(`${named.length > 0 ? "--key" : PROOF_KEYS_PATH} does not contain public keys of the form: ssh-ed25519 AAAA…`);
  return keys;
};

const readPublishedKeys = async (at: GitContext): Promise<string | null> => {
  // The checked-out branch could contain keys of its own, so the default branch counts if it is known.
  const isDefaultKnown = (await askGit(at, "rev-parse", "--verify", "-q", "refs/remotes/origin/HEAD")) !== null;
  return askGit(at, "cat-file", "blob", `${isDefaultKnown ? "refs/remotes/origin/HEAD" : "HEAD"}:${PROOF_KEYS_PATH}`);
};

/** The default branch, if the target ends with its remote branch; null for any other: a release branch contains main's landings. */
const findDefaultBranch = async (at: GitContext, target: string): Promise<string | null> => {
  const head = await askGit(at, "symbolic-ref", "-q", "--short", "refs/remotes/origin/HEAD");
  const [end = ""] = target.split("..").slice(-1);
  return head !== null && [head, "origin/HEAD", `refs/remotes/${head}`].includes(end) ? head.replace(/^origin\//, "") : null;
};

/** The address of the remote, unless the remote is a directory. */
const readOriginUrl = async (terminal: TerminalHost, at: GitContext): Promise<string | null> => {
  const address = await readOrigin(terminal, at);
  return address && `${chooseScheme(address.host)}://${address.host}/${address.owner}/${address.name}`;
};

type Verification = {
  readonly trust: ProofTrust;
  readonly repository: string | null;
  readonly branch: string | null;
  readonly reader: LandingReader;
};

const verifyCommits = async (at: GitContext, commits: readonly Sha[], how: Verification): Promise<CommitVerdict[]> => {
  const envelopes = await readEnvelopes(at, commits);
  const verdicts: CommitVerdict[] = [];
  for (const [index, commit] of commits.entries()) {
    const envelope = envelopes[index] ?? null;
    verdicts.push(
      envelope === null ? { kind: "missing", commit, refusal: refuseUnprovenCommit().refusal } : await verifyCommit(commit, envelope, how),
    );
  }
  return verdicts;
};

const verifyCommit = async (commit: Sha, envelope: Buffer, { trust, repository, branch, reader }: Verification): Promise<CommitVerdict> => {
  const opened = openProof(envelope, trust);
  if (!opened.ok) return { kind: "refused", commit, refusal: opened.refusal };
  const { subject, predicate } = opened.value.statement;
  const place = { subject: subject[0].digest.gitCommit, tip: predicate.landing.tip, onto: predicate.base.commit };
  const refused = judgeLanding(opened.value.statement, { commit, repository, branch, ...(await reader(place)) });
  return refused ? { kind: "refused", commit, refusal: refused.refusal } : { kind: "verified", commit, ...opened.value };
};

const OBJECT_LINE = /^([0-9a-f]{40}) blob (\d+)$/;

/** Reads the envelopes of commits, with two git processes. */
const readEnvelopes = async (at: GitContext, commits: readonly Sha[]): Promise<(Buffer | null)[]> => {
  const paths = commits.map((commit) => `${PROOFS_REF}:${toProofPath(commit)}\n`).join("");
  const { stdout } = await runGit(at, ["cat-file", "--batch-check=%(objectname) %(objecttype) %(objectsize)"], paths);
  const lines = stdout.toString("utf8").split("\n");
  const found = commits.map((_, index) => OBJECT_LINE.exec(lines[index] ?? ""));
  const ids = found.flatMap((match) => (match && Number(match[2]) <= MAX_ENVELOPE_BYTES ? [match[1] ?? ""] : []));
  const blobs = await readBlobs(at, [...new Set(ids)]);
  // An oversized file is refused, but not missing.
  return found.map((match) => match && (blobs.get(match[1] ?? "") ?? Buffer.alloc(0)));
};
