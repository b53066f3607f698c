import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { delimiter, join, sep } from "node:path";

/** How a command is started: directly, or by way of a program that takes it into the cell. */
export type ProcessEntry = {
  readonly command: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  /** What is written to its file descriptor 3; null for nothing. */
  readonly input: string | null;
};

/**
 * What keeps a job's processes apart from all others of the machine. In a closed cell they see only each other, so that no job can read another's environment or ours, the
 * runner's directories but their own are hidden, and all of them end with the cell, also when the runner itself is killed.
 */
export type ProcessCell = {
  readonly closed: boolean;
  enter(entry: Omit<ProcessEntry, "input">): ProcessEntry;
  end(): Promise<void>;
};

/** The cell where the machine has none: processes are started as they are. */
const OPEN_CELL: ProcessCell = { closed: false, enter: (entry) => ({ ...entry, input: null }), end: () => Promise.resolve() };

// Everything in the cell ends when this ends: it reads until the runner's end of the pipe is gone.
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

// The command's environment comes by way of a pipe: neither the loader of these programs nor anybody who lists processes may see it.
// Signals reach the whole group; this shell waits for what the command makes of them.
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

const findPrograms = async (path: string): Promise<CellPrograms | null> => {
  const find = async (name: string): Promise<string> => {
    for (const directory of path.split(delimiter))
      if (/^[\w./+-]+$/.test(directory) && (await pathExists(join(directory, name)))) return join(directory, name);
    return "";
  };
  const [unshare, nsenter, setpriv, bash, env, mount] = await Promise.all(CELL_PROGRAMS.map(find));
  if (!unshare || !nsenter || !setpriv || !bash || !env || !mount) return null;
  return { unshare, nsenter, setpriv, bash, env, mount };
};

const awaitReadiness = async (child: ChildProcess): Promise<boolean> => {
  const said = new Promise<boolean>((resolve) => {
    child.stdout?.once("data", (chunk: Buffer) => resolve(chunk.toString().startsWith("ready")));
    child.once("error", () => resolve(false));
    child.once("exit", () => resolve(false));
  });
  return said;
};

const createClosedCell = (programs: CellPrograms, child: ChildProcess, isRoot: boolean): ProcessCell => {
  const of = (name: string): string => `/proc/${child.pid}/ns/${name}`;
  const user = isRoot ? [] : [`--user=${of("user")}`, "--preserve-credentials"];
  // Whoever is root there could take what hides the directories away again.
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
        `--mount=${of("mnt")}`,
        `--pid=${of("pid_for_children")}`,
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
  /** A cell whose processes see of the hidden directories only `root` and what they need to work. */
  open(root: string): Promise<ProcessCell>;
};

/**
 * Cells by way of Linux namespaces, with root or without; where the machine does not allow them every cell is open.
 * `hidden` are directories that no job may see, `needed` those that it must, even inside a hidden one.
 */
export const createCellFactory = (of: {
  namespaces: boolean;
  path: string;
  hidden: readonly string[];
  needed: readonly string[];
}): CellFactory => {
  const isRoot = process.getuid?.() === 0;
  const programs = of.namespaces && process.platform === "linux" ? findPrograms(of.path) : Promise.resolve(null);
  let allowed = true;
  return {
    open: async (root) => {
      const found = await programs;
      if (!found || !allowed) return OPEN_CELL;
      const there = async (paths: readonly string[]): Promise<string[]> => {
        const known = await Promise.all(paths.map(pathExists));
        return paths.filter((_, at) => known[at]);
      };
      // The deepest first: a directory inside one that is hidden already could not be found any more.
      const hidden = (await there(of.hidden)).sort((a, b) => b.length - a.length);
      const shown = await there(of.needed.filter((path) => hidden.some((directory) => isInsideDirectory(path, directory))));
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
        { cwd: "/", env: { PATH: of.path }, detached: true, stdio: ["pipe", "pipe", "ignore"] },
      );
      child.stdin.on("error", () => undefined);
      if (await awaitReadiness(child)) return createClosedCell(found, child, isRoot);
      allowed = false;
      return OPEN_CELL;
    },
  };
};
