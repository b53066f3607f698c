import { execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cleanAfterFile } from "../support/cleanings.ts";
import { CLI } from "../support/cli.ts";
import { findSharedCache } from "../support/shared-code.ts";
import { callMain, serveMain } from "./call-main.ts";

const AUTHOR = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];

/** Creates a person's repository, with these files committed. */
export const makeRepository = (directory: string, files: Readonly<Record<string, string>>): ((...args: string[]) => string) => {
  const git = (...args: string[]): string => execFileSync("git", [...AUTHOR, ...args], { cwd: directory, encoding: "utf8" }).trim();
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  mkdirSync(directory, { recursive: true });
  // A shell starts three processes faster than this large one does.
  execFileSync("sh", ["-ec", 'git init -q -b main; git add .; git "$@" commit -q --allow-empty -m Begin', "sh", ...AUTHOR], {
    cwd: directory,
  });
  return git;
};

export type Ended = { readonly code: number | null; readonly out: string; readonly err: string };
type Over = { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string };

/** Waits for words in what a command prints. */
const createWatch = () => {
  let [text, hasEnded] = ["", false];
  let changed = (): void => undefined;
  return {
    look: ({ out, err }: Pick<Ended, "out" | "err">): void => {
      text = out + err;
      changed();
    },
    end: (): void => {
      hasEnded = true;
      changed();
    },
    prints: (what: RegExp): Promise<RegExpExecArray> =>
      new Promise((resolve, reject) => {
        changed = () => {
          const found = what.exec(text);
          if (found) resolve(found);
          else if (hasEnded) reject(new Error(`it ended without ${String(what)}:\n${text}`));
        };
        changed();
      }),
  };
};

/** A terminal, and what a started command offers wherever it runs. */
export type Terminal = ReturnType<typeof openTerminal>;
export type Started = Pick<ReturnType<Terminal["start"]>, "ended" | "prints" | "signal">;

/**
 * Opens the terminal of a person with only this program: a home and a directory for temporary files. `hasOwnCache`: its `~/.cache/enki`, with
 * installed agents and compiled code, is not that of all terminals.
 */
export const openTerminal = ({ hasOwnCache = false } = {}) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "enki-terminal-")));
  cleanAfterFile(() => rmSync(root, { recursive: true, force: true }));
  const temporary = join(root, "tmp");
  for (const name of ["tmp", "home", "work", "home/.cache", "cache"]) mkdirSync(join(root, name));
  const cache = hasOwnCache ? join(root, "cache") : findSharedCache();
  if (cache !== undefined) symlinkSync(cache, join(root, "home", ".cache", "enki"));
  const toPlace = ({ env, cwd }: Over) => ({
    cwd: cwd ?? join(root, "work"),
    env: { PATH: process.env["PATH"] ?? "", HOME: join(root, "home"), TMPDIR: temporary, ...env },
  });
  const start = (args: readonly string[], over: Over = {}) => {
    const child = spawn(process.execPath, [CLI, ...args], {
      ...toPlace(over),
      stdio: ["ignore", "pipe", "pipe"],
    });
    cleanAfterFile(() => child.kill("SIGKILL"));
    const heard = { out: "", err: "" };
    const watch = createWatch();
    const hear = (stream: "stdout" | "stderr", name: "out" | "err"): void =>
      void child[stream].setEncoding("utf8").on("data", (text: string) => {
        heard[name] += text;
        watch.look(heard);
      });
    hear("stdout", "out");
    hear("stderr", "err");
    const ended = new Promise<Ended>((resolve) => child.once("close", (code) => resolve({ code, ...heard })));
    void ended.then(watch.end);
    return {
      ended,
      /** Waits until the process has printed this text; fails if the process ends first. */
      prints: watch.prints,
      /** The output so far. */
      printed: (): string => heard.out,
      /** Stops reading the output. */
      hangUp: (): void => void child.stdout.destroy(),
      signal: (name: NodeJS.Signals): boolean => child.kill(name),
    };
  };
  const serve = (args: readonly string[], over: Over = {}) => {
    const watch = createWatch();
    const { ended, interrupt } = serveMain(args, { ...toPlace(over), temporary }, watch.look);
    void ended.then(watch.end, watch.end);
    cleanAfterFile(async () => {
      interrupt();
      await ended;
    });
    const signal: (name: NodeJS.Signals) => boolean = () => (interrupt(), true);
    return { ended, prints: watch.prints, signal };
  };
  return {
    root,
    start,
    /** Starts what serves until it is interrupted, as a function in this process, which takes a fifth of the time. */
    serve,
    /** Runs the installed program in a process of its own. */
    run: (args: readonly string[], over?: Over): Promise<Ended> => start(args, over).ended,
    /** Runs the program as a function in this process, which takes a tenth of the time. Git and agents still run as processes. */
    call: (args: readonly string[], over: Over = {}): Promise<Ended> => callMain(args, { ...toPlace(over), temporary }),
    /** The names in the directory for temporary files. */
    leftBehind: (): string[] => readdirSync(temporary),
    /** The files below that directory, except in repositories, logs and artifacts. */
    keeps: (): string[] =>
      readdirSync(temporary).flatMap((name) =>
        readdirSync(join(temporary, name), { recursive: true, encoding: "utf8" }).filter(
          (path) => !/^repositories\/.|\/(?:logs|artifacts)\/./.test(path),
        ),
      ),
    /** Processes with this terminal's directories in their command line, environment or working directory. */
    processes: (): string[] => processesWith(root),
  };
};

const processesWith = (text: string): string[] => {
  if (!existsSync("/proc/self")) return [];
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid))
    .flatMap((pid) => {
      const words = look(() => readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " "));
      const rest = look(() => readFileSync(`/proc/${pid}/environ`, "latin1")) + look(() => readlinkSync(`/proc/${pid}/cwd`));
      return `${words}${rest}`.includes(text) ? [words] : [];
    });
};

/** Processes start and end during the search. */
const look = (read: () => string): string => {
  try {
    return read();
  } catch {
    return "";
  }
};
