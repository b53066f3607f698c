import { existsSync, lstatSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ProtectionGap } from "../../../src/core/domain/protection-gap.ts";
import { explainProtectionGaps } from "../../../src/core/messages/protection-gaps.ts";
import { openBundle } from "../../../src/job/job-bundle.ts";
import { plan, step } from "../../support/build.ts";
import { runningWith } from "../../support/processes.ts";
import { attackFamily } from "../attack-family.ts";
import { isStoppedEverywhere, listJobAttempts } from "./job-attempts.ts";
import { isPossible, isRoot, type Machine, MACHINES, ORDINARY, runJob, SECRET, type World } from "./job-world.ts";

/** Runs a script as the step's own command. */
const runScript = (name: string, machine: Machine, script: string): Promise<World> =>
  runJob({
    name,
    machine,
    seed: (world) => ({ plan: plan(step("shell", { run: script.replaceAll("$WORLD", world) })) }),
    step: "shell",
  });

/** Returns the lines outside of stopped sections, which the runner would read as commands. */
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
  // On machines without any separation, some attempts succeed; docs/security.md and the log of each job name them.
  const attempts =
    machine.asRoot || machine.unshare
      ? allAttempts
      : Object.fromEntries(Object.entries(allAttempts).filter(([title]) => isStoppedEverywhere(title)));
  describe(name, () => {
    let world: World;
    let commands: readonly string[];
    const outputs = new Map<number, string>();
    beforeAll(async () => {
      world = await runScript(name, machine, toScript(attempts));
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

    test("names exactly the protections that it lacks in its log", () => {
      const gaps: readonly ProtectionGap[] = ["same-user", "no-namespaces", "detached-processes", "writable-files"];
      const named = gaps.filter((gap) => explainProtectionGaps([gap]).every((sentence) => world.log.includes(sentence)));
      expect(named).toEqual(machine.unshare ? [] : machine.asRoot ? ["no-namespaces"] : gaps);
    });

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
    const world = await runScript("a user", machine, "echo made > made.txt; env | sort");
    expect(world.status).toBe(0);
    expect(world.log).toContain("Agents and commands run as the same user as Enki, because there is neither root");
    expect(world.log).toContain("A process that leaves its group and clears its environment can outlive its step");
    expect(world.log).not.toContain(SECRET);
    rmSync(dirname(world.directory), { recursive: true, force: true });
  });
});
