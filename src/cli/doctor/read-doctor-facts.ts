import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { formatFault } from "../../core/config/config-fault.ts";
import { readConfig } from "../../core/config/read-config.ts";
import { LEDGER_REF, toBranchRef } from "../../core/domain/refs.ts";
import { readActionsWorkflowFile } from "../../core/policy/check-reporters.ts";
import { PROOF_KEYS_PATH } from "../../core/proof/verify-proof.ts";
import { detectProject } from "../../core/setup/detect-project.ts";
import type { DoctorFacts, LedgerHealth } from "../../core/setup/doctor/doctor-facts.ts";
import { readOrigin } from "../../core/setup/generated-file.ts";
import type { RemoteAddress } from "../../core/setup/remote-address.ts";
import type { RepositoryFacts } from "../../core/setup/repository-facts.ts";
import { CONFIG_PATH, COORDINATOR_WORKFLOW_PATHS, STEP_WORKFLOW_PATH } from "../../core/setup/plan-set-up.ts";
import { createUnprotectedSandbox } from "../../job/sandbox/unprotected-sandbox.ts";
import { runShell, startDeadline } from "../../job/run-shell.ts";
import { checkGit } from "../../storage/git/check-git.ts";
import { readBlobs, readCommitObjects } from "../../storage/git/git-objects.ts";
import { openSignedCommit } from "../../storage/git/signed-commit.ts";
import { readSignatureKey } from "../../storage/git/ssh-signature.ts";
import { listTree } from "../../storage/git/git-tree.ts";
import { type GitContext, runGit } from "../../storage/git/run-git.ts";
import { LEDGER_KEY_VARIABLE } from "../../storage/ledger/ledger-keys.ts";
import { readLedger } from "../../storage/ledger/ledger-files.ts";
import { readEffectiveLayers } from "../effective-layers.ts";
import { runOwnGit } from "../set-up/own-git.ts";
import { hashText } from "../set-up/planned-files.ts";
import type { OwnRepository } from "../set-up/read-repository-facts.ts";
import { probeProtection } from "../protection-notice.ts";
import type { TerminalHost } from "../terminal-host.ts";
import { compareSetUp } from "./compare-set-up.ts";
import { readGitHubSettings, type SettingsClient } from "./read-github-settings.ts";
import { MINUTE_MS } from "../../core/domain/durations.ts";

const WORKFLOW_FILE = /^\.github\/workflows\/[^/]+\.ya?ml$/;

export type DoctorInput = { readonly own: OwnRepository; readonly client: SettingsClient | null; readonly runsVerify: boolean };

/** Reads the facts for every check. Changes nothing, although git may fetch the ledger's objects. */
export const readDoctorFacts = async (terminal: TerminalHost, { own, client, runsVerify }: DoctorInput): Promise<DoctorFacts> => {
  const { facts, directory, remote } = own;
  const { effectiveFile: config, faults } = readConfig(await readEffectiveLayers({ ...terminal, cwd: directory }));
  const branch = own.defaultBranch ?? "main";
  const base = config.refinery.base ?? branch;
  const at: GitContext = { directory, after: terminal.after, env: { GIT_OPTIONAL_LOCKS: "0" } };
  const gitFault = await checkGit();
  return {
    gitFault: gitFault?.refusal ?? null,
    project: detectProject(facts),
    config,
    configFaults: faults.map(formatFault),
    uncommitted: await listUncommitted(at),
    ...(await readUnpushed(at, branch)),
    isOnDefaultBranch: (await askGit(at, "symbolic-ref", "--quiet", "HEAD")) === toBranchRef(branch),
    setUpFiles: faults.length === 0 ? await compareSetUp(terminal, own) : [],
    ...readWorkflows(facts),
    remote,
    base,
    defaultBranch: branch,
    differsFromDefault: await compareWorkflows(at, base, branch),
    ...(await readGitHubFacts(client, { remote, base, now: terminal.now })),
    ledger: await readLedgerHealth(terminal, at),
    hasLedgerKey: findLedgerKey(terminal),
    protectionGaps: await probeProtection(terminal),
    redCommand: runsVerify ? await verifyBase(terminal, { directory, branch: base, commands: config.refinery.verify }) : null,
  };
};

/** Only the machine that runs the App has the key. */
const findLedgerKey = ({ env }: TerminalHost): boolean | null =>
  (env["APP_ID"] ?? "") === "" ? null : (env[LEDGER_KEY_VARIABLE] ?? "") !== "";

const readWorkflows = (facts: RepositoryFacts): Pick<DoctorFacts, "stepWorkflow" | "workflows" | "workflowTexts"> => {
  const texts = facts.paths.filter((path) => WORKFLOW_FILE.test(path)).map((path) => [path, facts.read(path) ?? ""] as const);
  const step = facts.read(STEP_WORKFLOW_PATH);
  return {
    stepWorkflow: step === null ? null : { text: step, origin: readOrigin(step, hashText) },
    workflows: texts.flatMap(([path, text]) => readActionsWorkflowFile(path.split("/").at(-1) ?? path, text) ?? []),
    workflowTexts: Object.fromEntries(texts.filter(([path]) => path !== STEP_WORKFLOW_PATH)),
  };
};

type GitHubInput = { readonly remote: RemoteAddress | null; readonly base: string; readonly now: () => number };

const readGitHubFacts = async (
  client: SettingsClient | null,
  { remote, base, now }: GitHubInput,
): Promise<Pick<DoctorFacts, "github" | "githubFault">> => {
  if (remote === null) return { github: null, githubFault: null };
  if (client === null) return { github: null, githubFault: "there is no token in GH_TOKEN or GITHUB_TOKEN" };
  const read = await readGitHubSettings(client, { remote, base, now });
  return typeof read === "string" ? { github: null, githubFault: read } : { github: read, githubFault: null };
};

const askGit = async (at: GitContext, ...args: string[]): Promise<string | null> => {
  const { code, stdout } = await runGit(at, args);
  return code === 0 ? stdout.toString("utf8").trim() : null;
};

const listUncommitted = async (at: GitContext): Promise<string[]> => {
  const changed =
    (await askGit(at, "status", "--porcelain", "--no-renames", "--", CONFIG_PATH, STEP_WORKFLOW_PATH, ...COORDINATOR_WORKFLOW_PATHS)) ?? "";
  // An untracked directory stands for its files.
  return changed.split("\n").flatMap((line) => (line === "" ? [] : [line.trim().replace(/^\S+\s+/, "")]));
};

type Unpushed = Pick<DoctorFacts, "unpushed" | "historyFromRemote">;

const readUnpushed = async (at: GitContext, branch: string): Promise<Unpushed> => {
  const files = [CONFIG_PATH, STEP_WORKFLOW_PATH, ...COORDINATOR_WORKFLOW_PATHS];
  const remote = `refs/remotes/origin/${branch}`;
  const listChanged = async (from: string): Promise<string[]> => {
    const changed = await askGit(at, "diff", "--name-only", "--no-renames", from, "HEAD", "--", ...files);
    return (changed ?? "").split("\n").filter((path) => path !== "");
  };
  const different = await listChanged(remote);
  if (different.length === 0) return { unpushed: [], historyFromRemote: "ahead" };
  const shared = await askGit(at, "merge-base", remote, "HEAD");
  if (shared === null && (await askGit(at, "rev-parse", "--is-shallow-repository")) === "true")
    return { unpushed: different, historyFromRemote: "unknown" };
  // Changed on this side, and not merged there by other commits.
  const changedHere = shared === null ? different : await listChanged(shared);
  const isAhead = shared === (await askGit(at, "rev-parse", remote));
  return { unpushed: changedHere.filter((path) => different.includes(path)), historyFromRemote: isAhead ? "ahead" : "diverged" };
};

/** Whether two branches have different workflow files; null if either branch is unknown here. */
const compareWorkflows = async (at: GitContext, base: string, branch: string): Promise<boolean | null> => {
  if (base === branch) return false;
  const treeOf = async (name: string): Promise<string | null> =>
    (await askGit(at, "rev-parse", "--verify", "-q", `refs/remotes/origin/${name}:.github/workflows`)) ??
    askGit(at, "rev-parse", "--verify", "-q", `${toBranchRef(name)}:.github/workflows`);
  const [left, right] = [await treeOf(base), await treeOf(branch)];
  return left === null || right === null ? null : left !== right;
};

const readLedgerHealth = async (terminal: TerminalHost, at: GitContext): Promise<LedgerHealth> => {
  const git = (...args: string[]): Promise<string | null> => runOwnGit(terminal, { directory: at.directory, args }).catch(() => null);
  const listed = await git("ls-remote", "origin", LEDGER_REF);
  if (listed === null) return { kind: "unread" };
  const [commit = ""] = listed.split("\t");
  if (commit === "") return { kind: "none" };
  if ((await git("fetch", "--quiet", "--no-write-fetch-head", "origin", LEDGER_REF)) === null) return { kind: "unread" };
  const entries = [...(await listTree(at, commit))];
  const blobs = await readBlobs(at, [...new Set(entries.map(([, { sha }]) => sha))]);
  const read = readLedger(new Map(entries.map(([path, { sha }]) => [path, blobs.get(sha) ?? Buffer.alloc(0)])));
  if (read.ok) return { kind: "healthy", isSigned: await isSigned(at, commit), unpublishedKey: await findUnpublishedKey(at, commit) };
  return { kind: read.refusal.code === "newer-ledger" ? "newer" : "broken", message: read.refusal.message };
};

/** Whether the newest commit has a signature; only Enki has the key to verify the signature. */
const isSigned = async (at: GitContext, commit: string): Promise<boolean> =>
  /^gpgsig /m.test(((await askGit(at, "cat-file", "commit", commit)) ?? "").split("\n\n")[0] ?? "");

/** The public key of the newest commit's signature, unless the checked out commit publishes the key. */
const findUnpublishedKey = async (at: GitContext, commit: string): Promise<string | undefined> => {
  const object = (await readCommitObjects(at, [commit])).get(commit);
  const key = readSignatureKey((object && openSignedCommit(object)?.signature) ?? "");
  const published = (await askGit(at, "cat-file", "blob", `HEAD:${PROOF_KEYS_PATH}`)) ?? "";
  return key === null || published.includes(key) ? undefined : key;
};

type VerifyInput = { readonly directory: string; readonly branch: string; readonly commands: readonly string[] };

const VERIFY_TIMEOUT_MS = 30 * MINUTE_MS;

/** Runs the verify commands on a copy of the base, as a job would; returns the first failing command. */
const verifyBase = async (terminal: TerminalHost, { directory, branch, commands }: VerifyInput): Promise<string | null> => {
  const place = await mkdtemp(join(terminal.temporary, "enki-doctor-"));
  const deadline = startDeadline(terminal.after, VERIFY_TIMEOUT_MS);
  try {
    const cwd = join(place, "work");
    await runOwnGit(terminal, { directory, args: ["clone", "--quiet", "--branch", branch, "--", directory, cwd] });
    const env = { PATH: terminal.env["PATH"] ?? "", HOME: place, TMPDIR: place, CI: "true" };
    for (const command of commands) {
      const { end } = await runShell({
        command,
        cwd,
        env,
        sandbox: createUnprotectedSandbox(place),
        deadline,
        after: terminal.after,
        onLines: (lines) => lines.forEach(terminal.log),
      });
      if (end !== "passed") return command;
    }
    return null;
  } finally {
    deadline.cancel();
    await rm(place, { recursive: true, force: true });
  }
};
