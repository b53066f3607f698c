import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { sep } from "node:path";
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
  enter(entry: Omit<ProcessEntry, "input">): ProcessEntry;
  end(): Promise<void>;
};

/** The cell of a machine without namespaces: processes start directly. */
const OPEN_CELL: ProcessCell = { closed: false, enter: (entry) => ({ ...entry, input: null }), end: () => Promise.resolve() };

// All processes of the cell end with this script, which reads until the runner's end of the pipe closes.
const HOLD_SCRIPT = `
shown=()
while [ "$1" != -- ]; do exec {fd}<"$1" || exit 1; shown+=("$fd:$1"); shift; done
shift
for directory; do mount -n -t tmpfs -o size=1M,mode=0755 none "$directory" || exit 1; done
for entry in "\${shown[@]}"; do
  fd=\${entry%%:*}
  mkdir -p "\${entry#*:}" && mount -n -c --bind "/proc/self/fd/$fd" "\${entry#*:}" || exit 1
  exec {fd}<&-
done
echo ready
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

const pathExists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const awaitReadiness = async (child: ChildProcess): Promise<boolean> => {
  const readiness = new Promise<boolean>((resolve) => {
    child.stdout?.once("data", (chunk: Buffer) => resolve(chunk.toString().startsWith("ready")));
    child.once("error", () => resolve(false));
    child.once("exit", () => resolve(false));
  });
  return readiness;
};

const createClosedCell = (programs: CellPrograms, child: ChildProcess, isRoot: boolean): ProcessCell => {
  const namespacePath = (name: string): string => `/proc/${child.pid}/ns/${name}`;
  const user = isRoot ? [] : [`--user=${namespacePath("user")}`, "--preserve-credentials"];
  // A root process could otherwise unmount the hiding directories.
  const drop = isRoot ? `${programs.setpriv} --inh-caps=-all --ambient-caps=-all --bounding-set=-sys_admin,-sys_ptrace,-sys_module ` : "";
  const script = enterCellScript(drop + programs.env);
  const exit = once(child, "exit");
  return {
    closed: true,
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
      child.kill("SIGKILL");
      await exit;
    },
  };
};

const isInsideDirectory = (path: string, directory: string): boolean => path === directory || path.startsWith(directory + sep);

export type CellFactory = {
  /** Opens a cell that hides the hidden directories, except `root` and the needed directories. */
  open(root: string): Promise<ProcessCell>;
};

/**
 * Creates cells with Linux namespaces, with or without root. Every cell is open if the machine does not allow
 * namespaces. `hidden` lists directories that no job may see, `needed` those that every job needs, even inside a
 * hidden one.
 */
export const createCellFactory = (options: {
  namespaces: boolean;
  path: string;
  hidden: readonly string[];
  needed: readonly string[];
}): CellFactory => {
  const isRoot = process.getuid?.() === 0;
  const programs = options.namespaces && process.platform === "linux" ? findPrograms(CELL_PROGRAMS, options.path) : Promise.resolve(null);
  let allowed = true;
  return {
    open: async (root) => {
      const found = await programs;
      if (!found || !allowed) return OPEN_CELL;
      const filterExisting = async (paths: readonly string[]): Promise<string[]> => {
        const known = await Promise.all(paths.map(pathExists));
        return paths.filter((_, index) => known[index]);
      };
      // Hide the deepest directory first: a directory inside a hidden one could no longer be found.
      const hidden = (await filterExisting(options.hidden)).sort((a, b) => b.length - a.length);
      const shown = await filterExisting(options.needed.filter((path) => hidden.some((directory) => isInsideDirectory(path, directory))));
      const user = isRoot ? [] : ["--user", "--map-current-user", "--keep-caps"];
      const child = spawn(
        found.unshare,
        [
          ...user,
          "--pid",
          "--fork",
          "--mount-proc",
          "--kill-child",
          found.bash,
          "--norc",
          "-c",
          HOLD_SCRIPT,
          "cell",
          root,
          ...shown,
          "--",
          ...hidden,
        ],
        { cwd: "/", env: { PATH: options.path }, detached: true, stdio: ["pipe", "pipe", "ignore"] },
      );
      child.stdin.on("error", () => undefined);
      if (await awaitReadiness(child)) return createClosedCell(found, child, isRoot);
      allowed = false;
      return OPEN_CELL;
    },
  };
};
