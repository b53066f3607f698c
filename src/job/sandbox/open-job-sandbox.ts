import { chmod, lstat, mkdir, readdir, readFile, realpath, stat } from "node:fs/promises";
import { listHomeDirectories } from "../../isolation/home-directories.ts";
import { basename, dirname, join } from "node:path";
import { isInsideDirectory, planMounts, SHARED_DIRECTORIES } from "../../isolation/mount-plan.ts";
import { listSearchPaths } from "../../isolation/readable-paths.ts";
import { findProgram } from "../../isolation/system-programs.ts";
import { AGENT_USER_NAME, type AgentUser, findAgentUser, writePasswdCopy } from "../../isolation/agent-user.ts";
import type { SandboxRequest, JobSandbox, NetworkRelay } from "./job-sandbox.ts";
import { createUnprotectedSandbox } from "./unprotected-sandbox.ts";
import { type SandboxMeans, type SandboxPrograms, wrapInNamespaces } from "./sandbox-commands.ts";
import { giveTree } from "./own-tree.ts";
import { createSeparatingSandbox, type SandboxProbe, runProgram, toProbedRelay } from "./separating-sandbox.ts";

const isRoot = (): boolean => process.getuid?.() === 0;

const findSandboxPrograms = async ({ env }: SandboxRequest): Promise<SandboxPrograms | null> => {
  const path = env["PATH"] ?? "";
  const [bash, envProgram, setpriv, unshare, sudo] = await Promise.all(
    ["bash", "env", "setpriv", "unshare", "sudo"].map((name) => findProgram(name, path)),
  );
  if (!bash || !envProgram) return null;
  return { bash, env: envProgram, setpriv: setpriv ?? null, unshare: unshare ?? null, sudo: isRoot() ? null : (sudo ?? null) };
};

/** The directory of a self-hosted runner with its registration and key; null if the job runs elsewhere. */
const findRunnerRoot = async (workspace: string): Promise<string | null> => {
  for (let at = dirname(workspace); at !== dirname(at); at = dirname(at))
    if (
      await stat(join(at, ".runner")).then(
        () => true,
        () => false,
      )
    )
      return at;
  return null;
};

const listHiddenPaths = async ({ env, temp, workspace }: SandboxRequest): Promise<string[]> => {
  return [...listHomeDirectories(env), temp, await findRunnerRoot(workspace), "/run"].filter((path) => typeof path === "string");
};

const createMounts = async (request: SandboxRequest, user: AgentUser | null) => {
  const { env, readable, reach, workspace } = request;
  const hidden = await listHiddenPaths(request);
  const tools = [env["RUNNER_TOOL_CACHE"], env["AGENT_TOOLSDIRECTORY"]].filter((path) => path !== undefined && path !== "") as string[];
  const names = await realpath("/etc/resolv.conf").catch(() => "");
  const passwd = user === null || user.isKnown ? null : await writePasswdCopy(dirname(reach), user);
  return planMounts({
    hidden,
    readable: [
      ...readable.filter((path) => !hidden.some((at) => isInsideDirectory(at, path))),
      ...tools,
      ...(isInsideDirectory(names, "/run") ? [names] : []),
      ...(await listSearchPaths(env["PATH"] ?? "", [...hidden, ...SHARED_DIRECTORIES])),
    ],
    writable: [workspace, reach],
    ...(passwd !== null && { replaced: { "/etc/passwd": passwd } }),
    otherUser: user !== null,
  });
};

/** Whether the machine's files are read-only in new namespaces; null if the namespaces cannot be opened. */
const tryNamespaces = async (means: SandboxMeans, given: readonly string[], relay?: NetworkRelay): Promise<boolean | null> => {
  const answer = await runProgram(wrapInNamespaces(means, given, { relay }));
  return answer?.startsWith("ready") === true ? answer.includes("fully") : null;
};

/** One probe for both questions; a second one without the network only if it fails. Null if namespaces cannot be opened. */
const probeSandbox = async (means: SandboxMeans, given: readonly string[]): Promise<SandboxProbe | null> => {
  const { relayNode = null } = means.request;
  const cut = relayNode === null ? null : await tryNamespaces(means, given, toProbedRelay(means.request, relayNode));
  if (cut !== null) return { readOnly: cut, cutsNetworkFor: relayNode };
  const readOnly = await tryNamespaces(means, given);
  return readOnly === null ? null : { readOnly, cutsNetworkFor: null };
};

/** The bit of the capability without which even root opens no namespaces. */
const ADMINISTRATION_BIT = 21n;

/** Whether this process may open namespaces for another user. The root of a closed cell may not, so no program has to find out. */
const mayAdminister = async (): Promise<boolean> => {
  const [, held] = /^CapEff:\s*([0-9a-f]+)$/m.exec(await readFile("/proc/self/status", "utf8").catch(() => "")) ?? [];
  return held === undefined || ((BigInt(`0x${held}`) >> ADMINISTRATION_BIT) & 1n) === 1n;
};

/** Opens a sandbox with namespaces; null if the machine does not allow namespaces. */
const openNamespaceSandbox = async (
  request: SandboxRequest,
  programs: SandboxPrograms,
  user: AgentUser | null,
): Promise<JobSandbox | null> => {
  if (programs.unshare === null || programs.setpriv === null) return null;
  if (user !== null && programs.sudo === null && !(await mayAdminister())) return null;
  const means: SandboxMeans = {
    request,
    programs: user === null ? { ...programs, sudo: null } : programs,
    user,
    mounts: await createMounts(request, user),
  };
  const probe = await probeSandbox(means, user === null ? [] : [request.workspace]);
  return probe && createSeparatingSandbox(means, probe);
};

const mayEnter = async (path: string): Promise<boolean> => ((await stat(path)).mode & 0o001) !== 0;

/** Lets every user pass through the directories above a path, without listing rights; false after a refused change. */
const openAncestors = async (path: string): Promise<boolean> => {
  for (let at = dirname(path); at !== dirname(at); at = dirname(at)) {
    if (await mayEnter(at)) continue;
    const { mode } = await stat(at);
    if (
      !(await chmod(at, (mode & 0o7777) | 0o001).then(
        () => true,
        () => false,
      ))
    )
      return false;
  }
  return true;
};

/** Closes everything in a directory to other users, except for one entry. */
const closeSiblings = async (directory: string, open: string): Promise<void> => {
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    const entry = await lstat(path);
    if (name !== open && !entry.isSymbolicLink()) await chmod(path, entry.mode & 0o700).catch(() => undefined);
  }
  await chmod(directory, 0o711).catch(() => undefined);
};

/** Adds a user only to GitHub's own machines, which do not outlive the job. */
const createMachineUser = async ({ env }: SandboxRequest, programs: SandboxPrograms): Promise<void> => {
  if (env["RUNNER_ENVIRONMENT"] !== "github-hosted") return;
  const words = [
    "useradd",
    "--system",
    "--no-create-home",
    "--home-dir",
    "/nonexistent",
    "--shell",
    "/bin/sh",
    "--user-group",
    AGENT_USER_NAME,
  ];
  await runProgram(programs.sudo === null ? words : [programs.sudo, "-n", "--", ...words]);
};

/** Returns false if the machine refuses. */
const giveWorkspace = async (workspace: string, user: AgentUser, { sudo }: SandboxPrograms): Promise<boolean> => {
  if (sudo !== null)
    return (await runProgram([sudo, "-n", "--", "chown", "-R", "-h", "-P", "--", `${user.uid}:${user.gid}`, workspace])) !== null;
  try {
    giveTree(workspace, user);
    return true;
  } catch {
    return false;
  }
};

/** Opens a sandbox by another user only, with the job's own files closed by their modes; null if the machine does not allow another user. */
const openUserSandbox = async (request: SandboxRequest, programs: SandboxPrograms): Promise<JobSandbox | null> => {
  const { workspace, reach, temp, readable } = request;
  if (!(await findAgentUser()).isKnown) await createMachineUser(request, programs);
  const user = await findAgentUser();
  if (programs.sudo !== null && programs.setpriv === null) return null;
  for (const path of [workspace, reach]) if (!(await openAncestors(path))) return null;
  // An agent reports unreadable programs when Enki starts the agent.
  for (const path of readable) await openAncestors(path).catch(() => false);
  await closeSiblings(temp, basename(dirname(reach)));
  await closeSiblings(dirname(reach), basename(reach));
  const means: SandboxMeans = { request, programs, user, mounts: null };
  if (!(await giveWorkspace(workspace, user, programs))) return null;
  return createSeparatingSandbox(means, { readOnly: true, cutsNetworkFor: null });
};

/**
 * Opens the strongest possible sandbox: another user in namespaces, another user, namespaces, or none. Must be called before foreign
 * code runs, and after all files are in place.
 */
export const openJobSandbox = async (request: SandboxRequest): Promise<JobSandbox> => {
  await mkdir(request.reach, { recursive: true });
  await chmod(request.reach, 0o711);
  const programs = process.platform === "linux" ? await findSandboxPrograms(request) : null;
  if (programs === null) return createUnprotectedSandbox(request.reach);
  if (isRoot() || programs.sudo !== null) {
    const user = await findAgentUser();
    const sandbox = (await openNamespaceSandbox(request, programs, user)) ?? (await openUserSandbox(request, programs));
    if (sandbox !== null) return sandbox;
  }
  return (await openNamespaceSandbox(request, { ...programs, sudo: null }, null)) ?? createUnprotectedSandbox(request.reach);
};
