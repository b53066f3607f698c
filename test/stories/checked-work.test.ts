import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CLI } from "../support/cli.ts";
import { makeRepository, openTerminal } from "../cli/stage.ts";

const PLAY = `
title = "a worker whose first try has a bug"
[[scene]]
role = "plan"
[[scene.act]]
tool = "enki_execution_create"
must = true
arguments.steps = [{ id = "fix", title = "Raise the limit", description = "Set the limit to 10." }]

[[scene]]
step = "fix"
[[scene.act]]
edit = "limit.txt"
find = "1"
replace = "10 MB"
[[scene.act]]
say = "The limit is 10."

[[scene]]
step = "fix"
correction = 1
[[scene.act]]
run = "! pgrep -xf 'sleep 7007'"
[[scene.act]]
edit = "limit.txt"
find = "10 MB"
replace = "10"
[[scene.act]]
say = """The limit is a number.

[OUTPUT]
The limit is 10.
[/OUTPUT]"""
`;

const VERIFY =
  '(setsid sleep 7007 > /dev/null 2>&1 &); grep -qx "[0-9]*" limit.txt || { echo "limit.txt: not a number: $(cat limit.txt)"; exit 1; }';

type RunEvent = { readonly kind: string; readonly step?: string; readonly state: string; readonly attempt?: number; readonly why?: string };

/** Runs a request in a person's repository. The agent plays a file, and a step ends after its first red run. */
const raiseLimit = async (corrections: number) => {
  const terminal = openTerminal();
  const cwd = join(terminal.root, "own");
  const config = `[refinery]\nverify = [${JSON.stringify(VERIFY)}]\ncheck_work = ${corrections}\nretries = 0\n`;
  const git = makeRepository(cwd, { "limit.txt": "1\n", ".enki/enki.toml": config });
  const play = join(terminal.root, "play.toml");
  writeFileSync(play, PLAY);
  const args = ["run", "--yes", "--json", "--agent", `'${process.execPath}' '${CLI}' rehearse '${play}'`, "raise the limit"];
  const { code, out } = await terminal.run(args, { cwd });
  expect(terminal.processes()).toEqual([]);
  const events = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as RunEvent);
  const runs = join(cwd, ".enki", "runs");
  const transcripts = readdirSync(runs, { recursive: true, encoding: "utf8" }).filter((name) => /\/fix-\d+\.md$/.test(name));
  return {
    code,
    git,
    branch: /"branch":"([^"]+)"/.exec(out)?.[1] ?? "",
    last: events.findLast(({ step }) => step === "fix"),
    transcripts: transcripts.map((name) => readFileSync(join(runs, name), "utf8")),
  };
};

test("a bug that verification finds in the agent's own job is corrected in the same attempt, and no run of the queue is red", async () => {
  const { code, git, branch, last, transcripts } = await raiseLimit(1);
  expect({ code, last }).toMatchObject({ code: 0, last: { state: "done", attempt: 1, why: null } });
  expect(git("show", `${branch}:limit.txt`)).toBe("10");
  const [transcript = "", ...others] = transcripts;
  expect(others).toEqual([]);
  const [, before = "", after = ""] = transcript.split("> Enki checked a copy of the work: ");
  expect(before).toMatch(/^`.*` exited with 1\. The agent may correct its work\.\n\n```\nlimit\.txt: not a number: 10 MB\n```\n/);
  expect(before).toContain("The limit is a number.");
  expect(after).toMatch(/^`.*` passed\.\n/);
});

test("without a check, the same bug costs a red run of the queue", async () => {
  const { code, last } = await raiseLimit(0);
  expect({ code, last }).toMatchObject({
    code: 1,
    last: { state: "failed", why: expect.stringMatching(/did not pass verification\.$/) as string },
  });
});
