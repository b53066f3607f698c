import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openClone } from "../../src/storage/git/repository-clone.ts";
import type { JobSpec } from "../../src/job/job-spec.ts";
import { replayLedger } from "../../src/storage/ledger/replay-ledger.ts";
import { replayDecision } from "../../src/coordinator/replay-decision.ts";
import { after } from "../support/after.ts";
import { identity } from "../support/repository.ts";
import type { Act } from "./quick-runner.ts";
import { openOrganisation } from "./organisation.ts";
import { openStage } from "./stage.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
/** A built-in workflow and the built-in roles as a repository's own files, because this stage has no installation. */
const shipped = (name: string): Record<string, string> => ({
  [`.enki/workflows/${name}.md`]: read(`workflows/${name}.md`),
  ...Object.fromEntries(readdirSync(join(ROOT, "roles")).map((file) => [`.enki/roles/${file}`, read(`roles/${file}`)])),
});

const contents = (files: Readonly<Record<string, string>>): Act => ({ files, output: "done as asked, with tests" });

const open = async (files: Record<string, string>, roles: (spec: JobSpec, id: string) => Act) => {
  const told: Record<string, string[]> = {};
  const stage = await openStage({
    files,
    script: (spec) => {
      const id = spec.step?.id ?? "";
      if (spec.kind === "verify") return { verdict: "green" };
      told[id] = [...(told[id] ?? []), spec.step?.description ?? ""];
      return roles(spec, id);
    },
  });
  return { stage, told };
};

/** Decides every write of the ledger again. */
const replayed = async (directory: string, url: string) => {
  const token = (): Promise<undefined> => Promise.resolve(undefined);
  const clone = await openClone({ url, directory: join(directory, "replay.git"), token, identity, after });
  await clone.fetch();
  const writes = await replayLedger(clone, replayDecision);
  expect(writes.length).toBeGreaterThan(0);
  return writes;
};

test("a workflow passes a request from role to role with earlier answers in the prompts, and lands its work", async () => {
  const { stage, told } = await open(shipped("build-feature"), (_, id) =>
    id === "coder" ? contents({ "limit.txt": "10\n" }) : { report: `${id} says: raise it to 10` },
  );
  const issue = await stage.ask("/enki run build-feature raise the limit");
  await stage.shows(issue, /Done: everything landed/);
  expect(await stage.landed()).toEqual(["coder"]);
  expect(await stage.git("show", "main:limit.txt")).toBe("10");
  expect(told["planner"]?.[0]).toContain("raise the limit");
  expect(told["coder"]?.[0]).toContain("planner says: raise it to 10");
  expect(told["reviewer"]?.[0]).toContain("done as asked, with tests");
});

test.each([
  ["pass", ["builder", "notes"], ["builder", "reviewer", "notes"]],
  ["reject", ["builder"], ["builder", "reviewer", "escalate"]],
])("a review that answers %s decides a workflow's edge", async (verdict, landed, worked) => {
  const { stage, told } = await open(shipped("gated-ship"), (_, id) => {
    if (id === "builder") return contents({ "limit.txt": "10\n" });
    if (id === "notes") return contents({ "CHANGELOG.md": "The limit is 10.\n" });
    return { report: `I looked at it.\n\nverdict: ${verdict}\nreason: because I say so` };
  });
  const issue = await stage.ask("/enki run gated-ship raise the limit");
  await stage.shows(issue, /Done: everything landed/);
  expect(await stage.landed()).toEqual(landed);
  expect(Object.keys(told)).toEqual(worked);
});

test("a loop repeats with the failure, builds on its own work, and has one pull request", async () => {
  const { stage, told } = await open(shipped("fix-until-green"), ({ attempt }, id) => {
    if (id === "fix") return contents({ [`fix-${attempt}.txt`]: "x\n" });
    return attempt < 3 ? { end: "failed", why: "the command exited with 1", output: `test ${attempt} failed` } : { end: "unchanged" };
  });
  const issue = await stage.ask("/enki run fix-until-green the parser");
  await stage.shows(issue, /Done: everything landed/);
  expect(told["fix"]).toHaveLength(3);
  expect(told["fix"]?.[1]).toContain("test 1 failed");
  expect(told["fix"]?.[2]).toContain("This is round 3 of 5.");
  expect(await stage.landed()).toEqual(["fix"]);
  expect((await stage.git("ls-tree", "--name-only", "main")).split("\n")).toEqual(
    expect.arrayContaining(["fix-1.txt", "fix-2.txt", "fix-3.txt"]),
  );
  expect(await stage.maintainer.pulls()).toHaveLength(1);
  expect(
    (await replayed(stage.directory, join(stage.directory, "repositories", stage.owner, `${stage.name}.git`))).filter(
      ({ end }) => end === "differs",
    ),
  ).toEqual([]);
});

test("a loop at its limit fails the workflow, and nothing lands", async () => {
  const { stage } = await open(shipped("fix-until-green"), ({ attempt }, id) =>
    id === "fix" ? contents({ "fix.txt": `${attempt}\n` }) : { end: "failed", why: "red", output: "still red" },
  );
  const issue = await stage.ask("/enki run fix-until-green the parser");
  await stage.shows(issue, /Stopped/);
  expect(await stage.landed()).toEqual([]);
});

test("an organisation's workflow runs in its repositories until one has its own of that name", async () => {
  const flow = (text: string): string => `---\nroles:\n  say: { output: artifact }\n---\n\n## say\n\n${text} {{ .Args }}\n`;
  const { stage, told } = await open({ ".enki/workflows/mine.md": flow("The repository's") }, () => ({ report: "Said." }));
  const organise = await openOrganisation(stage);
  const all = { "enki/workflows/mine.md": flow("The organisation's"), "enki/workflows/theirs.md": flow("The organisation's") };
  await organise({ ...all, "workflows/x.md": "no" });
  // Enki reads an organisation's files at most once a minute.
  stage.later(60_001);
  const run = async (command: string): Promise<void> => {
    const issue = await stage.ask(command);
    await stage.shows(issue, /Done: the report is below/);
  };
  await run("/enki run theirs one");
  await run("/enki run mine two");
  expect(told["say"]).toEqual(["The organisation's one", "The repository's two"]);
  await stage.replies(await stage.ask("/enki run x"), /There is no workflow `x`\. Available workflows: .*mine, .*theirs\./);
});

test("refuses an unknown or invalid workflow with a message", async () => {
  const { stage } = await open(
    { ".enki/workflows/broken.md": "---\nroles:\n  a: {}\nedges: [a -> b]\n---\n\n## a\n\nDo.\n" },
    () => "dies",
  );
  const issue = await stage.ask("/enki run gated-shop x");
  await stage.replies(issue, /There is no workflow `gated-shop`/);
  await stage.maintainer.comment(issue, "/enki run broken x");
  expect(await stage.replies(issue, /broken\.md:/)).toContain("mistakes");
});
