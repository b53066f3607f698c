import type { AgentUser } from "../../isolation/agent-user.ts";
import { type MountPlan, toMountWords } from "../../isolation/mount-plan.ts";
import { NAMESPACE_SCRIPT, USER_SCRIPT } from "./sandbox-script.ts";
import type { SandboxRequest, ForeignCommand, NetworkRelay } from "./job-sandbox.ts";
import { NETWORK_SCRIPT } from "./network-script.ts";
import { RELAY_SCRIPT } from "./relay-script.ts";

/** Absolute paths of the programs that separate processes; null for a missing one. */
export type SandboxPrograms = {
  readonly bash: string;
  readonly env: string;
  readonly setpriv: string | null;
  readonly unshare: string | null;
  /** Starts the others as root without a password; null if Enki is root or cannot. */
  readonly sudo: string | null;
};

export type SandboxMeans = {
  readonly request: SandboxRequest;
  readonly programs: SandboxPrograms;
  /** The other user; null if foreign code runs as Enki's own user. */
  readonly user: AgentUser | null;
  /** The mounts of a new namespace; null if namespaces are not used. */
  readonly mounts: MountPlan | null;
};

/** The words that start a command as root, where Enki itself is not. */
export const withPrivilege = ({ programs }: SandboxMeans, words: readonly string[]): readonly string[] =>
  programs.sudo === null ? words : [programs.sudo, "-n", "--", ...words];

/** The words before a script that runs as the first process of new namespaces. */
const namespaceWords = (means: SandboxMeans, relay: NetworkRelay | undefined): readonly string[] => {
  const { programs, user } = means;
  const own = user === null ? ["--user", "--map-current-user", "--keep-caps"] : [];
  const net = relay === undefined ? [] : ["--net"];
  return withPrivilege(means, [
    programs.unshare ?? "",
    ...own,
    ...net,
    "--mount",
    "--ipc",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
  ]);
};

const toRelayWords = (relay: NetworkRelay | undefined): readonly string[] =>
  relay === undefined ? [] : [relay.node, "-e", RELAY_SCRIPT, relay.directory, ...relay.ports.map(String)];

const formatUser = (user: AgentUser | null): string => (user === null ? "" : `${user.uid}:${user.gid}`);

/** A command in new namespaces; without a name, its namespaces are only checked. */
type NamespaceCommand = Pick<ForeignCommand, "relay"> & Partial<ForeignCommand>;

/** The words that start a command in new namespaces. */
export const wrapInNamespaces = (means: SandboxMeans, given: readonly string[], inside: NamespaceCommand): string[] => {
  const { programs, user, mounts } = means;
  const { command, args = [], env = {}, cwd = "/", relay } = inside;
  const relayWords = toRelayWords(relay);
  const script = [programs.bash, "--norc", "--noprofile", "-c", NAMESPACE_SCRIPT, "sandbox"];
  return [
    ...namespaceWords(means, relay),
    ...script,
    programs.setpriv ?? "",
    programs.env,
    formatUser(user),
    String(Object.keys(env).length),
    cwd,
    String(given.length),
    String(relayWords.length),
    ...given,
    ...relayWords,
    ...toMountWords(mounts ?? []),
    ...(command === undefined ? [] : [command, ...args]),
  ];
};

/** The words that become the other user through sudo, where there are no namespaces. */
export const wrapInSudo = (means: SandboxMeans, given: readonly string[], command: ForeignCommand): string[] => {
  const { programs, user } = means;
  return [
    ...withPrivilege(means, [programs.bash, "--norc", "--noprofile", "-c", USER_SCRIPT, "sandbox"]),
    programs.setpriv ?? "",
    programs.env,
    formatUser(user),
    String(Object.keys(command.env).length),
    command.cwd,
    String(given.length),
    ...given,
    command.command,
    ...command.args,
  ];
};

/** The words that run a command in a network namespace alone, as the user who runs them; null where that is impossible. */
export const wrapInNetwork = ({ programs }: SandboxMeans, relay: NetworkRelay, words: readonly string[]): readonly string[] | null => {
  const { unshare, setpriv, bash, env } = programs;
  if (unshare === null || setpriv === null) return null;
  const relayWords = toRelayWords(relay);
  const script = [bash, "--norc", "--noprofile", "-c", NETWORK_SCRIPT, "network", setpriv, env, String(relayWords.length), ...relayWords];
  return [unshare, "--user", "--map-current-user", "--keep-caps", "--net", "--", ...script, ...words];
};
