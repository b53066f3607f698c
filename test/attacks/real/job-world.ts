import { spawn, type SpawnOptionsWithoutStdio, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hasNamespaces } from "../../support/namespaces.ts";
import { ID, openJobs, type Seed } from "../../job/stage.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
export const SECRET = "SECRET-that-no-job-may-see";
export const isRoot = process.getuid?.() === 0;
/** The number of an ordinary user of this machine. */
export const ORDINARY = 60_901;

/** Forms of a machine: the runner's user, and whether this user may create namespaces. */
export const MACHINES = {
  "root with namespaces": { asRoot: true, unshare: true },
  "root without namespaces": { asRoot: true, unshare: false },
  "a user with namespaces": { asRoot: false, unshare: true },
  "a user without namespaces": { asRoot: false, unshare: false },
} as const;
export type Machine = {
  readonly asRoot: boolean;
  readonly unshare: boolean;
  /** Root has only the capabilities of a container, so it may mount nothing. */
  readonly isContainer?: boolean;
};

export const isPossible = ({ asRoot, unshare }: Machine): boolean => (isRoot || !asRoot) && (hasNamespaces || !unshare);

/** A search path with the usual programs, but without `unshare` and `sudo`. */
const createSearchPath = (directory: string): string => {
  mkdirSync(directory);
  for (const name of ["/usr/bin", "/bin"].flatMap((at) => readdirSync(at).map((entry) => join(at, entry))))
    if (!/\/(?:unshare|sudo)$/.test(name) && !existsSync(join(directory, name.split("/").at(-1) ?? ""))) {
      try {
        symlinkSync(name, join(directory, name.split("/").at(-1) ?? ""));
      } catch {
        // A dangling link of the machine.
      }
    }
  return directory;
};

const chownAll = (path: string, uid: number): void => {
  spawnSync("chown", ["-R", "-h", `${uid}:${uid}`, path]);
};

export type World = { readonly directory: string; readonly log: string; readonly status: number | null; readonly bundle: string };

type Ended = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

const runProgram = ([command = "", ...args]: readonly string[], options: SpawnOptionsWithoutStdio): Promise<Ended> =>
  new Promise((resolve) => {
    const child = spawn(command, args, options);
    const output = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => void (output.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => void (output.stderr += text));
    child.stdin.end();
    child.once("close", (status) => resolve({ status, ...output }));
  });

/** Starts a program with the capabilities of a container's root. */
const CONTAINED = ["setpriv", "--inh-caps=-all", "--bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap"];

type JobRun = {
  readonly name: string;
  readonly machine: Machine;
  /** Returns the repository and its plan, in the directory of the job's world. */
  readonly seed: (world: string) => Seed;
  readonly step: string;
  readonly env?: Readonly<Record<string, string>>;
};

/** Runs one job with the installed action, on a machine of this form. */
export const runJob = async ({ name, machine, seed, step, env = {} }: JobRun): Promise<World> => {
  const base = realpathSync(mkdtempSync(join(tmpdir(), "enki-jobs-")));
  const directory = join(base, "world");
  const jobs = await openJobs(seed(directory));
  const prepared = await jobs.prepare(`work/${ID}-${step}/1`);
  mkdirSync(directory);
  const [temp, workspace] = [join(directory, "temp"), join(directory, "workspace")];
  cpSync(prepared.host.temp, temp, { recursive: true, verbatimSymlinks: true });
  cpSync(prepared.host.workspace, workspace, { recursive: true, verbatimSymlinks: true });
  cpSync(join(ROOT, "dist"), join(directory, "installation", "dist"), { recursive: true });
  cpSync(join(ROOT, "dist", "action.js"), join(directory, "action.js"));
  const files = join(temp, "_runner_file_commands");
  for (const made of [files, join(directory, "installation", "roles"), join(directory, "home", ".ssh")])
    mkdirSync(made, { recursive: true });
  for (const file of ["set_env", "set_output", "add_path", "save_state", "step_summary"]) writeFileSync(join(files, file), "untouched\n");
  for (const file of [".bashrc", ".gitconfig", ".npmrc"]) writeFileSync(join(directory, "home", file), "untouched\n");
  writeFileSync(join(directory, "home", ".ssh", "id"), `${SECRET}\n`, { mode: 0o600 });
  writeFileSync(join(directory, "installation", "roles", "planner.toml"), "untouched\n");
  jobs.repo.close();
  chownAll(base, machine.asRoot ? 0 : ORDINARY);
  const action = join(directory, "installation", "dist", "action.js");
  const { status, stdout, stderr } = await runProgram([...(machine.isContainer ? CONTAINED : []), process.execPath, action], {
    cwd: workspace,
    timeout: 110_000,
    ...(isRoot && !machine.asRoot && { uid: ORDINARY, gid: ORDINARY }),
    env: {
      PATH: machine.unshare ? "/usr/bin:/bin" : createSearchPath(join(base, "bin")),
      HOME: join(directory, "home"),
      INPUT_COMMAND: "agent",
      "INPUT_MODEL-KEY": `${SECRET}-key`,
      ACTIONS_RUNTIME_TOKEN: `${SECRET}-runtime`,
      ACTIONS_RESULTS_URL: `http://${SECRET}`,
      ACTIONS_CACHE_URL: `http://${SECRET}`,
      GITHUB_ENV: join(files, "set_env"),
      GITHUB_OUTPUT: join(files, "set_output"),
      GITHUB_WORKSPACE: workspace,
      RUNNER_TEMP: temp,
      ...env,
    },
  });
  if (status === null) throw new Error(`the job on ${name} did not end: ${stderr}`);
  return { directory, log: `${stdout}${stderr}`, status, bundle: join(temp, "enki", "bundle") };
};
