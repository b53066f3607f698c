import { expect, test } from "vitest";
import { plan, step } from "../support/build.ts";
import { openStage, type OpenStage } from "./stage.ts";
import { verifyLanded } from "./verify-landed.ts";

const laneOf = (id: string): string => id.slice(0, 3);
const FOUR = plan(...["api-a", "api-b", "web-a", "web-b"].map((id) => step(id, { paths: [`${laneOf(id)}/**`] })));
const CONFIG = `[refinery]
verify = ["true"]
parallel = 4
retries = 0
[refinery.lanes]
api = ["api/**"]
web = ["web/**"]
`;

type Run = { readonly steps: readonly string[]; readonly tree: string; verdict: "green" | "red" | null };

/** Resolves before a run with these steps ends. */
type WhenToEnd = (stage: OpenStage, steps: readonly string[]) => Promise<unknown>;

/** Two lanes with two steps each; the first attempt of `api-a` is bad. Every verify run is recorded. */
const open = async (whenToEnd: WhenToEnd) => {
  const runs: Run[] = [];
  const stage: OpenStage = await openStage({
    files: { ".enki/enki.toml": CONFIG },
    script: async (spec) => {
      if (spec.kind === "plan") return { plan: FOUR };
      const id = spec.step?.id ?? "";
      if (spec.kind !== "verify")
        return { files: { [`${laneOf(id)}/${id}.txt`]: id === "api-a" && spec.attempt === 1 ? "bad\n" : "good\n" } };
      const paths = (await stage.git("ls-tree", "-r", "--name-only", spec.baseCommit)).split("\n");
      const steps = paths.flatMap((path) => /^(?:api|web)\/(.*)\.txt$/.exec(path)?.[1] ?? []);
      const run: Run = { steps, tree: await stage.git("rev-parse", `${spec.baseCommit}^{tree}`), verdict: null };
      runs.push(run);
      await whenToEnd(stage, steps);
      const isBad = steps.includes("api-a") && (await stage.git("show", `${spec.baseCommit}:api/api-a.txt`)) === "bad";
      run.verdict = isBad ? "red" : "green";
      return { verdict: run.verdict };
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  return { stage, issue, runs };
};

const isOnlyOf = (lane: string, steps: readonly string[]): boolean => steps.length > 0 && steps.every((id) => laneOf(id) === lane);

const untilLanded = (stage: OpenStage, ...ids: readonly string[]): Promise<unknown> =>
  stage.until(`${ids.join(" and ")} on main`, async () => {
    const landed = await stage.landed();
    return ids.every((id) => landed.includes(id));
  });

/** Expects green files and a matching statement for each landing. */
const expectVerified = async (stage: OpenStage, runs: readonly Run[]): Promise<void> => {
  const commits = (await stage.git("log", "--first-parent", "--format=%T", "main")).split("\n").slice(0, -1);
  const green = new Set(runs.flatMap(({ tree, verdict }) => (verdict === "green" ? [tree] : [])));
  // Only the last commit of a landing is verified; the commits below landed in the same push.
  expect(green).toContain(commits[0]);
  expect(await verifyLanded(stage)).toMatchObject({ tip: 0, all: 0 });
};

const FAILED = /failed\*\*.* \| `api-a`/;

const retry = async ({ maintainer, git }: OpenStage, issue: number): Promise<void> => {
  const branch = await git("for-each-ref", "--format=%(refname:lstrip=3)", "refs/heads/task/*-api-a");
  await maintainer.comment(issue, `/enki retry ${branch}`);
};

test("two lanes land independently: one while the first runs of the other are not over yet", async () => {
  const { stage, issue, runs } = await open(async (at, steps) => {
    if (isOnlyOf("api", steps)) await untilLanded(at, "web-a", "web-b");
  });
  await stage.shows(issue, FAILED);
  await untilLanded(stage, "api-b");
  await retry(stage, issue);
  await stage.shows(issue, /Done: everything landed/);
  const landed = await stage.landed();
  expect(landed.slice(0, 2).sort()).toEqual(["web-a", "web-b"]);
  expect(landed.slice(2)).toEqual(["api-b", "api-a"]);
  await expectVerified(stage, runs);
});

test("a red run of one lane neither stops nor repeats the runs of another", async () => {
  const { stage, issue, runs } = await open(async (at, steps) => {
    if (isOnlyOf("web", steps)) await at.until("api-a to fail", async () => FAILED.test((await at.said(1, "execution")).join()));
  });
  await untilLanded(stage, "web-a", "web-b", "api-b");
  const ofWeb = runs.flatMap(({ steps }) => (isOnlyOf("web", steps) ? [steps.join()] : []));
  expect(new Set(ofWeb).size).toBe(ofWeb.length);
  await retry(stage, issue);
  await stage.shows(issue, /Done: everything landed/);
  await expectVerified(stage, runs);
});
