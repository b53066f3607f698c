import type { ChildProcess } from "node:child_process";
import type { ProtectionGap } from "../../core/domain/protection-gap.ts";

/** The only way of a command to any network: ports on its own loopback that lead to sockets. */
export type NetworkRelay = {
  /** The program that copies the bytes. */
  readonly node: string;
  /** The directory of the sockets. */
  readonly directory: string;
  readonly ports: readonly number[];
};

/** A command of an agent or of a repository, with its complete environment. */
export type ForeignCommand = {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Cuts off every network but the relay's; absent for the network of the machine. */
  readonly relay?: NetworkRelay | undefined;
};

/** The start of a foreign command: through separating programs, or directly as another user. */
export type ForeignStart = ForeignCommand & {
  readonly user: { readonly uid: number; readonly gid: number } | null;
  /** Bytes for standard input before the command's own. */
  readonly preamble: Buffer | null;
};

/**
 * Separates foreign code (agents, and commands of the repository) from the process that holds tokens and keys: by another user, by
 * namespaces, or by both, as far as the machine allows it.
 */
export type JobSandbox = {
  readonly gaps: readonly ProtectionGap[];
  readonly enter: (command: ForeignCommand) => ForeignStart;
  /** Whether a command can be cut off from the network, with a relay by this Node. */
  readonly canCutNetwork: (node: string) => Promise<boolean>;
  /** Creates a new, empty home directory for the next command, and removes the previous one. */
  readonly createHome: () => Promise<string>;
  /** A sandbox for commands. Its sweep spares processes that already run, such as those of an agent. */
  readonly beside: () => Promise<CommandSandbox>;
  /** Lets foreign code use a file or directory that Enki created. */
  readonly give: (path: string) => Promise<void>;
  /** Kills a started command and everything in its process group. */
  readonly kill: (child: ChildProcess) => void;
  /** Kills all processes of a finished command, detached ones included. */
  readonly sweep: () => Promise<void>;
  /** Reads a file with the rights of foreign code; rejects if foreign code may not read it. */
  readonly readFile: (path: string) => Promise<Buffer>;
  /** Lists regular files below a directory with the rights of foreign code, by path relative to the directory. At most a thousand. */
  readonly listFiles: (directory: string) => Promise<readonly string[]>;
  /** Writes a file with the rights of foreign code, and creates its parent directories. Only its owner can read a private file. */
  readonly writeFile: (path: string, content: string, access?: "private") => Promise<void>;
  /** Kills all remaining processes and returns the workspace to Enki's own user. */
  readonly close: () => Promise<void>;
};

/** What starts and ends commands in a sandbox. */
export type CommandSandbox = Pick<JobSandbox, "enter" | "kill" | "sweep">;

/** The paths and environment of a job in a sandbox. All paths are absolute. */
export type SandboxRequest = {
  /** The machine's environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The two writable directories of foreign code: the workspace, and the parent of home, socket and texts. */
  readonly workspace: string;
  readonly reach: string;
  /** The job's temporary directory, invisible to foreign code. */
  readonly temp: string;
  /** Further readable files and directories. */
  readonly readable: readonly string[];
  /** The Node that `canCutNetwork` will be asked about, so that one trial answers for everything. */
  readonly relayNode?: string | undefined;
};

/** Kills a process group unless the group has ended. */
export const killProcessGroup = ({ pid }: ChildProcess, signal: NodeJS.Signals = "SIGKILL"): void => {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // The group has ended, or belongs to another user.
  }
};
