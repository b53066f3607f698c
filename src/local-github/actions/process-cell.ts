import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, realpath, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { listHomeDirectories } from "../../isolation/home-directories.ts";
import { findAgentUser, writePasswdCopy } from "../../isolation/agent-user.ts";
import { killNamespace } from "../../isolation/kill-namespace.ts";
import { isInsideDirectory, type MountPlan, planMounts, SHARED_DIRECTORIES, toMountWords } from "../../isolation/mount-plan.ts";
import { MOUNT_FUNCTIONS } from "../../isolation/mount-script.ts";
import { listSearchPaths } from "../../isolation/readable-paths.ts";
import { findPrograms } from "../../isolation/system-programs.ts";

/** The command line that starts a command, directly or through a program that enters the cell. */
export type ProcessEntry = {
  readonly command: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  /** The text for file descriptor 3; null for none. */
  readonly input: string | null;
};

/**
 * Separates a job's processes from all other processes of the machine. In a closed cell they see only each other, so
 * that no job can read the environment of another job or of Enki. The runner's directories are hidden except the
 * job's own. All processes end with the cell, even if the runner is killed.
 */
export type ProcessCell = {
  readonly closed: boolean;
  /** Whether the job can change no file outside of its own directory. */
  readonly isReadOnly: boolean;
  enter(entry: Omit<ProcessEntry, "input">): ProcessEntry;
  end(): Promise<void>;
};

/** The cell of a machine without namespaces: processes start directly. */
const OPEN_CELL: ProcessCell = {
  closed: false,
  isReadOnly: false,
  enter: (entry) => ({ ...entry, input: null }),
  end: () => Promise.resolve(),
};

// All processes of the cell end with this script, which reads until the runner's end of the pipe closes. Even without capabilities, root
// could change kernel settings in `/proc`, so the script makes those paths read-only.
const HOLD_SCRIPT = `${MOUNT_FUNCTIONS}
guard_proc() {
  local place pairs=()
  for place in sys sysrq-trigger irq bus fs; do [ ! -e "/proc/$place" ] || { pairs+=("/proc/$place" "/proc/$place"); sealing+=("/proc/$place"); }; done
  for place in kcore keys timer_list; do [ ! -e "/proc/$place" ] || pairs+=(/dev/null "/proc/$place"); done
  guard "\${pairs[@]}"
}
kind=$1
shift
apply_mounts "$@"
if [ "$kind" = root ]; then
  guard_proc
  seal_machine all
else
  seal_machine some
fi
echo "ready \${sealed:-fully}"
while read -r line; do :; done`;

// A pipe passes the environment of the command, because neither the loader of these programs nor a process list may
// show it. Signals reach the whole group, so the shell ignores them and returns the exit code of the command.
const enterCellScript = (prefix: string): string => `
cd -- "$1" || exit 126
shift
mapfile -d "" -t variables <&3
exec 3<&-
trap : INT TERM
${prefix} -i "\${variables[@]}" "$@"
exit $?`;

const CELL_PROGRAMS = ["unshare", "nsenter", "setpriv", "bash", "env", "mount"] as const;
type CellPrograms = Readonly<Record<(typeof CELL_PROGRAMS)[number], string>>;

/** The first line of the script; null if the script fails. */
const awaitReadiness = async (child: ChildProcess): Promise<string | null> => {
  const readiness = new Promise<string | null>((resolve) => {
    child.stdout?.once("data", (chunk: Buffer) => resolve(chunk.toString().startsWith("ready") ? chunk.toString().trim() : null));
    child.once("error", () => resolve(null));
    child.once("exit", () => resolve(null));
  });
  return readiness;
};

/** Root in a cell may own, switch users and end processes, as a container's root may. */
const ROOT_CAPABILITIES = "-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service";

type CellState = { readonly isRoot: boolean; readonly isReadOnly: boolean };

const createClosedCell = (programs: CellPrograms, child: ChildProcess, { isRoot, isReadOnly }: CellState): ProcessCell => {
  const namespacePath = (name: string): string => `/proc/${child.pid}/ns/${name}`;
  const user = isRoot ? [] : [`--user=${namespacePath("user")}`, "--preserve-credentials"];
  const drop = isRoot ? `${programs.setpriv} --inh-caps=-all --ambient-caps=-all --bounding-set=${ROOT_CAPABILITIES} ` : "";
  const script = enterCellScript(drop + programs.env);
  const exit = once(child, "exit");
  return {
    closed: true,
    isReadOnly,
    enter: ({ command, args, directory, env }) => ({
      command: programs.nsenter,
      args: [
        "--no-fork",
        ...user,
        `--mount=${namespacePath("mnt")}`,
        `--pid=${namespacePath("pid_for_children")}`,
        "--",
        programs.bash,
        "--norc",
        "-c",
        script,
        "cell",
        directory,
        command,
        ...args,
      ],
      directory: "/",
      env: {},
      input: Object.entries(env)
        .map(([name, value]) => `${name}=${value}\0`)
        .join(""),
    }),
    end: async () => {
      const hasEnded = child.exitCode !== null || child.signalCode !== null;
      if (!hasEnded && !killNamespace(child)) child.kill("SIGKILL");
      await exit;
    },
  };
};

export type CellFactory = {
  /** Opens a cell that hides the hidden directories, except `root` and the readable paths. */
  open(root: string): Promise<ProcessCell>;
};

export type CellOptions = {
  readonly namespaces: boolean;
  readonly path: string;
  /** Directories that no job may see. */
  readonly hidden: readonly string[];
  /** Paths that every job may read, even inside a hidden directory. */
  readonly readable: readonly string[];
  /** Directories shared and writable by all jobs. */
  readonly shared: readonly string[];
};

/** Devices that programs expect; disks and memory are not among them. */
const DEVICES = ["null", "zero", "full", "random", "urandom"];
const DEVICE_LINKS = {
  fd: "/proc/self/fd",
  stdin: "/proc/self/fd/0",
  stdout: "/proc/self/fd/1",
  stderr: "/proc/self/fd/2",
  ptmx: "pts/ptmx",
} as const;

/** Creates the directory that replaces `/dev`, with links and a file for each device. Mounts create the folders: `mount` skips a mount that already exists. */
const createDeviceDirectory = async (root: string): Promise<string> => {
  const directory = join(root, "dev");
  await mkdir(directory, { recursive: true });
  // Whatever the umask: the agent is another user.
  await chmod(directory, 0o755);
  await Promise.all([
    ...DEVICES.map((name) => writeFile(join(directory, name), "")),
    ...Object.entries(DEVICE_LINKS).map(([name, target]) => symlink(target, join(directory, name))),
  ]);
  return directory;
};

const planCell = async (root: string, options: CellOptions, isRoot: boolean): Promise<MountPlan> => {
  const { path, hidden, readable, shared } = options;
  const homes = [...listHomeDirectories(process.env), "/run"];
  const own = [...readable, ...(await listSearchPaths(path, [...homes, ...SHARED_DIRECTORIES]))].filter(
    (at) => !homes.some((home) => isInsideDirectory(home, at)),
  );
  const names = await realpath("/etc/resolv.conf").catch(() => "");
  return planMounts({
    hidden: [...homes, ...hidden],
    readable: [...own, ...(isInsideDirectory(names, "/run") ? [names] : [])],
    writable: [root, ...shared, ...(isRoot ? [...DEVICES, "pts"].map((name) => `/dev/${name}`) : [])],
    ...(isRoot && {
      replaced: { "/dev": await createDeviceDirectory(root), "/etc/passwd": await writePasswdCopy(root, await findAgentUser()) },
    }),
    otherUser: isRoot,
  });
};

/**
 * Creates cells with Linux namespaces, with or without root. Inside, everything but the job's own directory is read-only, and the
 * person's home is empty. Every cell is open if the machine does not allow namespaces.
 */
export const createCellFactory = (options: CellOptions): CellFactory => {
  const isRoot = process.getuid?.() === 0;
  const programs = options.namespaces && process.platform === "linux" ? findPrograms(CELL_PROGRAMS, options.path) : Promise.resolve(null);
  let allowed = true;
  return {
    open: async (root) => {
      const found = await programs;
      if (!found || !allowed) return OPEN_CELL;
      const words = toMountWords(await planCell(root, options, isRoot));
      const user = isRoot ? [] : ["--user", "--map-current-user", "--keep-caps"];
      const hold = [found.bash, "--norc", "-c", HOLD_SCRIPT, "cell", isRoot ? "root" : "user", ...words];
      const child = spawn(found.unshare, [...user, "--pid", "--fork", "--mount-proc", "--kill-child", ...hold], {
        cwd: "/",
        env: { PATH: options.path },
        detached: true,
        stdio: ["pipe", "pipe", "ignore"],
      });
      child.stdin.on("error", () => undefined);
      const state = await awaitReadiness(child);
      if (state !== null) return createClosedCell(found, child, { isRoot, isReadOnly: state.endsWith("fully") });
      allowed = false;
      return OPEN_CELL;
    },
  };
};
