import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readActionsWorkflow } from "../../src/local-github/actions/read-actions-workflow.ts";
import { PROJECTS } from "../../scripts/set-up-projects.mjs";
import { CLI } from "../support/cli.ts";
import { toActEnvironment, toActOptions, withoutNewKeys } from "./act-process.ts";
import { installAct } from "./install-act.ts";
import { writeEmptyActions } from "./stand-ins.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const act = installAct();
if (act.path === null) console.log(`skipped: ${act.reason}`);

const place = mkdtempSync(join(tmpdir(), "enki-act-"));
mkdirSync(join(place, "workspace"));
afterAll(() => rmSync(place, { recursive: true, force: true }));

type Answer = { readonly status: number | null; readonly text: string };

const runAct = (args: readonly string[]): Answer => {
  const { status, stdout, stderr } = spawnSync(act.path ?? "", args, { cwd: place, env: toActEnvironment(place), encoding: "utf8" });
  return { status, text: `${stdout}${stderr}` };
};

type ShippedFile = { readonly name: string; readonly text: string };

const readWorkflows = (directory: string): ShippedFile[] =>
  readdirSync(join(directory, ".github/workflows")).map((name) => ({
    name,
    text: readFileSync(join(directory, ".github/workflows", name), "utf8"),
  }));

const writeProject = (name: string): ShippedFile[] => {
  const { files, options, origin } = PROJECTS[name] ?? { files: {}, options: [] };
  const directory = join(place, name);
  mkdirSync(join(directory, ".enki"), { recursive: true });
  for (const [path, text] of Object.entries(files)) writeFileSync(join(directory, path), text);
  spawnSync("git", ["init", "--quiet"], { cwd: directory });
  if (origin !== undefined) spawnSync("git", ["remote", "add", "origin", origin], { cwd: directory });
  const written = spawnSync(process.execPath, [CLI, "init", "--yes", ...options], { cwd: directory, encoding: "utf8" });
  expect(written).toMatchObject({ status: 0 });
  return readWorkflows(directory);
};

const readDocumentBlocks = (): ShippedFile[] =>
  [...readFileSync(join(ROOT, "docs/ci.md"), "utf8").matchAll(/```yaml\n([^]*?)```/g)].map(([, text = ""], at) => ({
    name: `block-${at}.yml`,
    text,
  }));

const SETS: Readonly<Record<string, () => ShippedFile[]>> = {
  "of this repository": () => readWorkflows(ROOT),
  "in docs/ci.md": readDocumentBlocks,
  ...Object.fromEntries(Object.keys(PROJECTS).map((name) => [`of enki init, ${name}`, () => writeProject(name)])),
};

const writeFile = ({ name, text }: ShippedFile): string => {
  const path = join(place, name);
  writeFileSync(path, text);
  return path;
};

/** Lists the jobs and events of a file with act, one line a job. */
const listByAct = (path: string): string[] => {
  const { status, text } = runAct(["--list", "--workflows", path]);
  expect({ status, text }).toMatchObject({ status: 0 });
  const lines = text.split("\n").filter((line) => /^\d/.test(line));
  return lines.map((line) => {
    const [, job, , workflow, , events = ""] = line.trim().split(/ {2,}/);
    return [workflow, job, events.split(",").toSorted().join(",")].join(" ");
  });
};

/** Lists the same with the local runner; null if the file uses a key or an action that only GitHub has. */
const listByRunner = async ({ name, text }: ShippedFile): Promise<string[] | null> => {
  const read = await readActionsWorkflow(name, text);
  if (!read.ok) {
    expect(read.reason.split("\n").filter((line) => !line.endsWith("is not supported by this runner"))).toEqual([]);
    return null;
  }
  const { workflow } = read;
  const events = Object.keys(workflow.on).toSorted().join(",");
  return workflow.jobs.map(({ id }) => [workflow.name, id, events].join(" "));
};

describe.skipIf(act.path === null)("workflow files", () => {
  test.each(Object.entries(SETS))(
    "%s: act finds them valid, and finds the jobs and events that the local runner finds",
    async (set, read) => {
      const files = read();
      let jobs = 0;
      for (const file of files) {
        const path = writeFile({ ...file, text: withoutNewKeys(file.text) });
        const { status, text } = runAct(["--validate", "--strict", "--workflows", path]);
        expect({ file: file.name, status, text }).toMatchObject({ status: 0 });
        const listed = listByAct(path);
        jobs += listed.length;
        const own = await listByRunner(file);
        if (own) expect(listed.toSorted()).toEqual(own.toSorted());
      }
      console.log(`act: ${files.length} files ${set} are valid and have ${jobs} jobs`);
    },
  );

  test("act refuses a shipped file for no key but `deployment`, which is newer than its schema", () => {
    const refusals = readWorkflows(ROOT).flatMap(
      (file) => runAct(["--validate", "--workflows", writeFile(file)]).text.match(/Unknown Property \w+$/gm) ?? [],
    );
    // The schema also reports the other keys of a job with a refused key.
    expect(refusals).toContain("Unknown Property deployment");
    const steps = readFileSync(join(ROOT, ".github/workflows/enki-step.yml"), "utf8");
    expect(withoutNewKeys(steps)).toContain("environment: { name: enki }");
  });

  test.each([
    ["enki.yml", "schedule", ["coordinate"]],
    ["enki.yml", "repository_dispatch", ["coordinate"]],
    ["enki.yml", "workflow_dispatch", ["coordinate"]],
    ["enki.yml", "issues", []],
    ["enki.yml", "issue_comment", []],
    ["enki.yml", "workflow_run", []],
    ["enki-review.yml", "pull_request", []],
  ] as const)("%s: for a bare %s, a dry run of act starts %j", (name, event, expected) => {
    const text = withoutNewKeys(readFileSync(join(ROOT, ".github/workflows", name), "utf8"));
    const actions = writeEmptyActions(join(place, "actions"), text);
    const files = ["--workflows", writeFile({ name, text }), "--eventpath", join(place, "event.json")];
    writeFileSync(join(place, "event.json"), "{}");
    const facts = [
      "--secret",
      "GITHUB_TOKEN=none",
      "--env",
      "GITHUB_REF=refs/heads/main",
      "--env",
      "SHA_REF=0",
      "--env",
      "GITHUB_REPOSITORY=a/b",
    ];
    // Only files without scripts, because a dry run of act on this machine executes `run`.
    const dry = runAct([event, "--dryrun", "--json", ...toActOptions(place, actions), ...files, ...facts]);
    expect(dry).toMatchObject({ status: 0 });
    expect(dry.text).not.toContain("not matched");
    const ended = [...dry.text.matchAll(/"jobID":"(\w+)","jobResult":"(\w+)"/g)].map(([, job]) => job);
    expect(ended).toEqual(expected);
  });
});
