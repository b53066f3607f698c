import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openBundle } from "../../../src/job/job-bundle.ts";
import { plan, step } from "../../support/build.ts";
import { hasNamespaces } from "../../support/namespaces.ts";
import { runningWith } from "../../support/processes.ts";
import { ID, openJobs } from "../../job/stage.ts";
import { attackFamily } from "../attack-family.ts";
import { isStoppedEverywhere, listJobAttempts } from "./job-attempts.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const SECRET = "SECRET-that-no-job-may-see";
const isRoot = process.getuid?.() === 0;
/** An ordinary user of this machine, by number. */
const ORDINARY = 60_901;

/** Forms of a machine: which user the runner is, and whether it may create namespaces. */
const MACHINES = {
  "root with namespaces": { asRoot: true, unshare: true },
  "root without namespaces": { asRoot: true, unshare: false },
  "a user with namespaces": { asRoot: false, unshare: true },
  "a user without namespaces": { asRoot: false, unshare: false },
} as const;
type Machine = (typeof MACHINES)[keyof typeof MACHINES];

const isPossible = ({ asRoot, unshare }: Machine): boolean => (isRoot || !asRoot) && (hasNamespaces || !unshare);

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

type World = { readonly directory: string; readonly log: string; readonly status: number | null; readonly bundle: string };

/** Runs scripts as the step's own command of one job, by the action as it is installed. */
const runJob = async (name: string, machine: Machine, script: string): Promise<World> => {
  const base = realpathSync(mkdtempSync(join(tmpdir(), "enki-jobs-")));
  const directory = join(base, "world");
  const jobs = await openJobs({ plan: plan(step("shell", { run: script.replaceAll("$WORLD", directory) })) });
  const prepared = await jobs.prepare(`work/${ID}-shell/1`);
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
  const { status, stdout, stderr } = spawnSync(process.execPath, [action], {
    cwd: workspace,
    encoding: "utf8",
    maxBuffer: 100_000_000,
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
    },
  });
  if (status === null) throw new Error(`the job on ${name} did not end: ${stderr}`);
  return { directory, log: `${stdout}${stderr}`, status, bundle: join(temp, "enki", "bundle") };
};

/** The lines that the runner would read as commands: those outside of stopped sections. */
const findCommands = (log: string): string[] => {
  let stopped: string | null = null;
  const found: string[] = [];
  for (const line of log.split(/\r\n|\r|\n/)) {
    const [, token] = /^\s*::stop-commands::(.+)$/.exec(line) ?? [];
    if (stopped !== null) stopped = line.trim() === `::${stopped}::` ? null : stopped;
    else if (token !== undefined && /^[0-9a-f-]{36}$/.test(token)) stopped = token;
    else if (/^\s*::|##\[/.test(line)) found.push(line);
  }
  return found;
};

const allAttempts = listJobAttempts(String(process.pid));
const BEGIN = "attempt-begins";
const toScript = (attempts: typeof allAttempts): string =>
  [
    "set +e",
    ...Object.values(attempts).map(
      ({ script: tried }, index) => `printf "\\n%s-begins %s\\n" attempt ${index}\n(\n${tried}\n) 2>&1 < /dev/null`,
    ),
    'printf "\\n%s-begins %s\\n" attempt end',
  ].join("\n");

for (const [name, machine] of Object.entries(MACHINES)) {
  if (!isPossible(machine)) {
    attackFamily("jobs", { [`${name}: this machine cannot play it`]: {} }, () => ({ stopped: "skipped-on-this-machine" }));
    continue;
  }
  // On machines without any separation some attempts succeed; docs/security.md and the log of each job name them.
  const attempts =
    machine.asRoot || machine.unshare
      ? allAttempts
      : Object.fromEntries(Object.entries(allAttempts).filter(([title]) => isStoppedEverywhere(title)));
  describe(name, () => {
    let world: World;
    let commands: readonly string[];
    const outputs = new Map<number, string>();
    beforeAll(async () => {
      world = await runJob(name, machine, toScript(attempts));
      const parts = world.log.split(new RegExp(`^\\| ${BEGIN} (\\d+|end)$`, "m"));
      for (let at = 1; at + 1 < parts.length; at += 2) outputs.set(Number(parts[at]), parts[at + 1] ?? "");
      commands = findCommands(world.log).filter((line) => /evil/i.test(line));
    }, 120_000);
    afterAll(() => rmSync(dirname(world.directory), { recursive: true, force: true }));

    attackFamily(
      "jobs",
      Object.fromEntries(Object.entries(attempts).map(([title, attempt], index) => [`${name}: ${title}`, { attempt, index }])),
      ({ attempt: { untouched, gone }, index }) => {
        const output = outputs.get(index);
        if (output === undefined) throw new Error(`the attempt was not made: ${world.log.slice(-2_000)}`);
        if (/SECRET/.test(output)) return { through: output.slice(0, 300) };
        if (commands.length > 0) return { through: commands.join("\n") };
        if (gone !== undefined && runningWith(gone).length > 0) return { through: gone };
        if (untouched === undefined) return { stopped: "nothing-gained" };
        const path = join(world.directory, untouched.path);
        const isUntouched =
          untouched.content === null
            ? !existsSync(path)
            : lstatSync(path).isFile() &&
              (untouched.path.endsWith("action.js")
                ? readFileSync(path).equals(readFileSync(join(world.directory, "action.js")))
                : readFileSync(path, "utf8") === untouched.content);
        return isUntouched ? { stopped: "out-of-reach" } : { through: `${untouched.path} was changed` };
      },
    );

    test("leaves a bundle that Enki's own process wrote, and its files to Enki's own user", async () => {
      const bundle = await openBundle(world.bundle);
      expect(bundle).toMatchObject({ ok: true, value: { report: { end: expect.stringMatching(/^(?:success|failed|unchanged)$/) } } });
      expect(lstatSync(join(world.directory, "workspace")).uid).toBe(machine.asRoot ? 0 : isRoot ? ORDINARY : process.getuid?.());
    });
  });
}

describe("a machine without another user and without namespaces", () => {
  const machine = MACHINES["a user without namespaces"];
  test("says in the log which protections are missing, and runs the step", async () => {
    const world = await runJob("a user", machine, "echo made > made.txt; env | sort");
    expect(world.status).toBe(0);
    expect(world.log).toContain("Agents and commands run as the same user as Enki, because there is neither root");
    expect(world.log).toContain("A process that leaves its group and clears its environment can outlive its step");
    expect(world.log).not.toContain(SECRET);
    rmSync(dirname(world.directory), { recursive: true, force: true });
  });
});
