import { execFile, spawn } from "node:child_process";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { listProtectionGaps } from "../../core/domain/protection-gap.ts";
import { killNamespace } from "../../isolation/kill-namespace.ts";
import type { AgentUser } from "../../isolation/agent-user.ts";
import { RETURN_SCRIPT } from "./sandbox-script.ts";
import { type SandboxMeans, withPrivilege, wrapInNamespaces, wrapInNetwork, wrapInSudo } from "./sandbox-commands.ts";
import { createForeignFiles } from "./foreign-files.ts";
import {
  type SandboxRequest,
  type ForeignCommand,
  type ForeignStart,
  type JobSandbox,
  killProcessGroup,
  type NetworkRelay,
} from "./job-sandbox.ts";
import { createHomes } from "./unprotected-sandbox.ts";
import { giveTree, takeTrees } from "./own-tree.ts";

const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const encodeEnvironment = (env: Readonly<Record<string, string>>): Buffer =>
  Buffer.from(
    Object.entries(env)
      .map(([name, value]) => `${name}=${value}\0`)
      .join(""),
  );

/** Starts a command directly as the other user; `setpriv` then takes away the right to gain privileges. */
const startAsUser = (means: SandboxMeans, command: ForeignCommand): ForeignStart => {
  const { programs, user } = means;
  const own = [command.command, ...command.args];
  const words = [
    ...(programs.setpriv === null ? [] : [programs.setpriv, "--no-new-privs", "--inh-caps=-all", "--"]),
    ...((command.relay && wrapInNetwork(means, command.relay, own)) ?? own),
  ];
  return { ...command, command: words[0] ?? "", args: words.slice(1), user, preamble: null };
};

const createEnter =
  (means: SandboxMeans, listGiven: () => readonly string[]) =>
  (command: ForeignCommand): ForeignStart => {
    const { user, mounts, programs } = means;
    if (user !== null && mounts === null && programs.sudo === null) return startAsUser(means, command);
    const words =
      mounts === null ? wrapInSudo(means, listGiven(), command) : wrapInNamespaces(means, user === null ? [] : listGiven(), command);
    return {
      command: words[0] ?? "",
      args: words.slice(1),
      env: { PATH: SYSTEM_PATH },
      cwd: "/",
      user: null,
      preamble: encodeEnvironment(command.env),
    };
  };

/** Runs a program to its end; returns its output, or null if it failed. */
export const runProgram = (words: readonly string[]): Promise<string | null> =>
  new Promise((resolve) => {
    const [command = "", ...args] = words;
    execFile(command, args, { cwd: "/", env: { PATH: SYSTEM_PATH }, encoding: "utf8" }, (error, stdout) => resolve(error ? null : stdout));
  });

const listProcessStatus = async (): Promise<{ pid: number; parent: number; uid: number; ended: boolean }[]> => {
  const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  const texts = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/status`, "utf8").catch(() => "")));
  return texts.map((text, index) => ({
    pid: Number(pids[index]),
    parent: Number(/^PPid:\s+(\d+)/m.exec(text)?.[1] ?? 0),
    uid: Number(/^Uid:\s+(\d+)/m.exec(text)?.[1] ?? -1),
    ended: text === "" || /^State:\s+[ZX]/m.test(text),
  }));
};

/** Kills all processes of the other user with one call, so that none can fork away, until none is left. */
const killUserProcesses = async (means: SandboxMeans): Promise<void> => {
  const { user, programs } = means;
  if (user === null) return;
  while ((await listProcessStatus()).some(({ uid, ended }) => uid === user.uid && !ended)) {
    const words = [programs.bash, "--norc", "--noprofile", "-c", "kill -KILL -1"];
    if (programs.sudo !== null)
      await runProgram(
        withPrivilege(means, [programs.setpriv ?? "", `--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups", ...words]),
      );
    else
      await new Promise<void>((resolve) => {
        const child = spawn(words[0] ?? "", words.slice(1), { cwd: "/", env: {}, stdio: "ignore", uid: user.uid, gid: user.gid });
        child.once("error", () => resolve()).once("exit", () => resolve());
      });
  }
};

/** A user who forks faster than this is stopped at the end of the job. */
const MAX_SWEEPS = 100;

/** Kills the processes of the other user that do not run yet; the one call that kills all would not spare the others. */
const createSparingSweep = async (means: SandboxMeans): Promise<() => Promise<void>> => {
  const { user, programs } = means;
  const listRunning = async (): Promise<readonly number[]> =>
    (await listProcessStatus()).flatMap(({ pid, uid, ended }) => (uid === user?.uid && !ended ? [pid] : []));
  const spared = new Set(await listRunning());
  const kill = async (pids: readonly number[]): Promise<void> => {
    const words = [programs.bash, "--norc", "--noprofile", "-c", 'kill -KILL -- "$@"', "kill", ...pids.map(String)];
    await runProgram(withPrivilege(means, words));
  };
  return async () => {
    const killed = new Set<number>();
    for (let sweeps = 0; sweeps < MAX_SWEEPS; sweeps += 1) {
      const found = (await listRunning()).filter((pid) => !spared.has(pid) && !killed.has(pid));
      if (found.length === 0) return;
      for (const pid of found) killed.add(pid);
      await kill(found);
    }
  };
};

/** Kills a command under sudo: only root may signal its processes. */
const killThroughSudo = async (means: SandboxMeans, root: number): Promise<void> => {
  const all = await listProcessStatus();
  const doomed = new Set([root]);
  let size = 0;
  while (size !== doomed.size) {
    size = doomed.size;
    for (const { pid, parent } of all) if (doomed.has(parent)) doomed.add(pid);
  }
  await runProgram(withPrivilege(means, [means.programs.bash, "-c", 'kill -KILL -- "$@"', "kill", ...[...doomed].map(String)]));
};

const giveUnlessGone = (path: string, user: AgentUser): void => {
  try {
    giveTree(path, user);
  } catch {
    // A home that cannot be given fails the command that needs it.
  }
};

/** Gives files to the other user. With sudo the next command does so, because each command starts as root. */
const createGive =
  ({ user, programs }: SandboxMeans, waiting: Set<string>): JobSandbox["give"] =>
  (path) => {
    if (user !== null && programs.sudo !== null) waiting.add(path);
    else if (user !== null) giveUnlessGone(path, user);
    return Promise.resolve();
  };

/** Any port: nothing else listens in a new network. */
const PROBED_PORT = 1024;

/** The relay of a trial. */
export const toProbedRelay = ({ reach }: SandboxRequest, node: string): NetworkRelay => ({ node, directory: reach, ports: [PROBED_PORT] });

/** Whether a network namespace with loopback and a relay can be opened, which containers may forbid. */
const probeNetwork = async (means: SandboxMeans, node: string): Promise<boolean> => {
  const { mounts, user, programs } = means;
  const relay = toProbedRelay(means.request, node);
  const isReady = async (words: readonly string[]): Promise<boolean> => (await runProgram(words))?.startsWith("ready") === true;
  if (mounts !== null) return isReady(wrapInNamespaces(means, [], { relay }));
  const alone = programs.sudo === null && user !== null ? wrapInNetwork(means, relay, []) : null;
  if (alone === null || user === null) return false;
  return isReady([
    programs.setpriv ?? "",
    `--reuid=${user.uid}`,
    `--regid=${user.gid}`,
    "--clear-groups",
    "--no-new-privs",
    "--inh-caps=-all",
    "--",
    ...alone,
  ]);
};

/** Takes the workspace back from the other user, whose processes have all ended, and removes the homes. */
const returnFiles = async (means: SandboxMeans): Promise<void> => {
  const { workspace, reach } = means.request;
  const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  if (means.programs.sudo === null) {
    const homes = (await readdir(reach).catch(() => [])).filter((name) => name.startsWith("home-"));
    await Promise.all(homes.map((name) => rm(join(reach, name), { recursive: true, force: true }).catch(() => undefined)));
    takeTrees([workspace, reach], owner);
    return;
  }
  const script = [means.programs.bash, "--norc", "--noprofile", "-c", RETURN_SCRIPT, "return"];
  await runProgram(withPrivilege(means, [...script, `${owner.uid}:${owner.gid}`, workspace, reach]));
};

/** What a probe found: whether the machine's files could be made read-only, and the Node whose relay could be opened. */
export type SandboxProbe = { readonly readOnly: boolean; readonly cutsNetworkFor: string | null };

/** Creates a sandbox that isolates foreign code with another user, with namespaces, or with both. */
export const createSeparatingSandbox = (means: SandboxMeans, { readOnly, cutsNetworkFor }: SandboxProbe): JobSandbox => {
  const { request, programs, user, mounts } = means;
  const waiting = new Set<string>();
  const enter = createEnter(means, () => {
    const given = [...waiting];
    waiting.clear();
    return given;
  });
  const give = createGive(means, waiting);
  const sweep = (): Promise<void> => (mounts === null ? killUserProcesses(means) : Promise.resolve());
  const kill: JobSandbox["kill"] = (child) => {
    if (mounts === null || programs.sudo !== null || !killNamespace(child)) killProcessGroup(child);
    if (programs.sudo !== null && child.pid !== undefined) void killThroughSudo(means, child.pid);
  };
  const { end: endFiles, ...files } = createForeignFiles({ enter, kill });
  return {
    gaps: listProtectionGaps({ otherUser: user !== null, namespaces: mounts !== null, readOnly }),
    enter,
    canCutNetwork: async (node) => node === cutsNetworkFor || probeNetwork(means, node),
    createHome: createHomes(request.reach, give),
    give,
    beside: async () => ({ enter, kill, sweep: mounts === null ? await createSparingSweep(means) : sweep }),
    kill,
    sweep,
    ...files,
    close: async () => {
      endFiles();
      await sweep();
      if (user === null) return;
      await returnFiles(means);
    },
  };
};
