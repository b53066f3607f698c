import { join } from "node:path";
import { expect } from "vitest";
import { openClone } from "../../src/storage/git/repository-clone.ts";
import { runGitOrThrow } from "../../src/storage/git/run-git.ts";
import type { JobSpec } from "../../src/job/job-spec.ts";
import type { Execution } from "../../src/core/domain/execution.ts";
import { replayLedger } from "../../src/storage/ledger/replay-ledger.ts";
import { ATTEMPTS_REF, LEDGER_REF, PROOFS_REF } from "../../src/core/domain/refs.ts";
import { readLandingTrailers } from "../../src/core/messages/commit-messages.ts";
import { readMarker } from "../../src/core/messages/comment-marker.ts";
import { replayDecision } from "../../src/coordinator/replay-decision.ts";
import { after } from "../support/after.ts";
import { plan, step } from "../support/build.ts";
import { identity } from "../support/repository.ts";
import { type Casting, type CrashStage, openCrashStage } from "./crash-stage.ts";
import { type Point, pointText } from "./crash-world.ts";
import type { Act } from "./quick-runner.ts";

/** A checkpoint, a step that needs the checkpoint, and an independent step. */
const PLAN = plan(step("fix", { checkpoint: true }), step("test", { needs: ["fix"] }), step("docs"));
const ORDER = [["fix", "test"]] as const;

/** Plays the jobs of a story, and records the jobs that worked and the green commits. */
const openScript = (docsAfter: () => Promise<unknown>) => {
  const worked: string[] = [];
  const green = new Set<string>();
  const script = async (spec: JobSpec): Promise<Act> => {
    worked.push(spec.job);
    if (spec.kind === "plan") return { plan: PLAN };
    if (spec.kind === "verify") {
      green.add(spec.baseCommit);
      return { verdict: "green" };
    }
    if (spec.step?.id === "docs") await docsAfter();
    return { files: { [`${spec.step?.id ?? ""}.txt`]: "done\n" } };
  };
  return { worked, green, script };
};

const PATIENCE = 90_000;
const LOOK = 25;

const until = async <T>(what: string, look: () => Promise<T | null | false | undefined>): Promise<T> => {
  const begun = Date.now();
  for (;;) {
    const seen = await look();
    if (seen !== null && seen !== false && seen !== undefined) return seen;
    if (Date.now() - begun > PATIENCE) throw new Error(`waited in vain for ${what}`);
    await new Promise<void>((resolve) => void after(LOOK, resolve));
  }
};

const said = async ({ maintainer }: CrashStage, issue: number): Promise<string[]> =>
  (await maintainer.comments(issue)).filter(({ user }) => user.login === "enki[bot]").map(({ body }) => body);

/** Plays the maintainer: asks, approves the plan, reviews the checkpoint, and waits. */
const maintain = async (stage: CrashStage): Promise<number> => {
  const { maintainer } = stage;
  const issue = await maintainer.openIssue("The limit is too low", "");
  await maintainer.comment(issue, "/enki fix the limit");
  const shown = async (words: RegExp): Promise<string> =>
    until(String(words), async () => words.exec((await said(stage, issue)).join("\n"))?.[0]);
  await maintainer.comment(issue, await shown(/^\/enki approve \S+$/m));
  await shown(/waits for your review/);
  const pull = (await maintainer.pulls()).find(({ head }) => head.ref.endsWith("-fix"));
  if (!pull) throw new Error("there is no pull request to review");
  await maintainer.approve(pull);
  await shown(/Done: everything landed/);
  await until("the issue to be closed", async () => !(await maintainer.isOpen(issue)));
  await stage.coordinators.rest();
  return issue;
};

export type Telling = Omit<Casting, "script"> & {
  /** Whether each step waits for the step before, so that each telling passes the same points; otherwise two steps work in parallel. */
  readonly inTurn: boolean;
};
export type Told = { readonly points: readonly Point[]; readonly deaths: readonly Point[]; readonly landed: readonly string[] };

/** Tells the story once and checks its end against the invariants, wherever coordinators died. */
export const tell = async ({ inTurn, ...casting }: Telling): Promise<Told> => {
  const docsAfter = async (): Promise<unknown> =>
    inTurn ? until("test to land", () => Promise.resolve(stage.coordinators.points.some(({ name }) => /test landed/.test(name)))) : null;
  const { worked, green, script } = openScript(docsAfter);
  const stage = await openCrashStage({ ...casting, script });
  try {
    const issue = await maintain(stage);
    const landed = await landings(stage, green);
    await checkSaid(stage, issue);
    await checkRuns(stage, worked);
    await checkRefs(stage);
    await checkLedger(stage);
    await checkReplay(stage);
    return { points: [...stage.coordinators.points], deaths: stage.coordinators.deaths.map(({ point }) => point), landed };
  } catch (error) {
    const deaths = stage.coordinators.deaths.map(({ point }) => pointText(point)).join(", ");
    throw new Error(`with deaths [${deaths}]: ${error instanceof Error ? error.message : String(error)}\n${stage.log.join("\n")}`, {
      cause: error,
    });
  } finally {
    await stage.close();
  }
};

/** Returns the steps in the order of their landings; the commit of each landing was verified. */
const landings = async ({ bare }: CrashStage, green: ReadonlySet<string>): Promise<string[]> => {
  const log = await runGitOrThrow(bare, ["log", "--first-parent", "--reverse", "-z", "--format=%H%n%B", "main"]);
  const steps = log.split("\0").flatMap((entry) => {
    const trailers = readLandingTrailers(entry.slice(41));
    if (!trailers) return [];
    expect(green.has(entry.slice(0, 40)), `what landed for ${trailers.task} was green`).toBe(true);
    return [trailers.task.replace(/^[0-9a-f]+-/, "")];
  });
  for (const [first, then] of ORDER) expect(steps.indexOf(first), `${first} lands before ${then}`).toBeLessThan(steps.indexOf(then));
  return steps.sort();
};

/**
 * Expects exactly one execution comment and one pull request per step, each marked merged or closed by its landing. At most one notice of the
 * plan exists, because a person may approve the plan before a dying coordinator writes the notice.
 */
const checkSaid = async (stage: CrashStage, issue: number): Promise<void> => {
  const markers = (await said(stage, issue)).map((body) => readMarker(body)?.kind);
  expect(
    markers.filter((kind) => kind !== "notice"),
    "comments of Enki",
  ).toEqual(["execution"]);
  expect(markers.length, "comments and notices of Enki").toBeLessThanOrEqual(2);
  const heads = (await stage.maintainer.pulls()).map(({ head }) => head.ref.replace(/^task\/[0-9a-f]+-/, "")).sort();
  expect(heads, "pull requests").toEqual(PLAN.steps.map(({ id }) => id).sort());
};

/** Expects one run per attempt: the second run of a doubled start ended without work. No crash cost an attempt. */
const checkRuns = async (stage: CrashStage, worked: readonly string[]): Promise<void> => {
  expect([...worked].sort(), "jobs that worked, each once").toEqual([...new Set(worked)].sort());
  expect(
    worked.filter((job) => !job.endsWith("/1")),
    "second attempts",
  ).toEqual([]);
  expect([...new Set(await stage.runs())].sort(), "runs").toEqual([...worked].sort());
};

const checkRefs = async ({ bare }: CrashStage): Promise<void> => {
  const refs = await runGitOrThrow(bare, ["for-each-ref", "--format=%(refname)", "refs/enki"]);
  const kept: readonly string[] = [LEDGER_REF, ATTEMPTS_REF, PROOFS_REF];
  expect(
    refs.split("\n").filter((ref) => ref !== "" && !kept.includes(ref)),
    "refs left",
  ).toEqual([]);
};

/** Expects the ledger's last landing at the tip of the base, and each landing in the ledger on the base. */
const checkLedger = async ({ bare }: CrashStage): Promise<void> => {
  const read = async (path: string): Promise<unknown> => JSON.parse(await runGitOrThrow(bare, ["show", `${LEDGER_REF}:${path}`]));
  const tip = (await runGitOrThrow(bare, ["rev-parse", "main"])).trim();
  expect(await read("queues/main.json"), "the ledger's base").toMatchObject({ landedTip: tip, items: [], candidates: [] });
  const states = (await runGitOrThrow(bare, ["ls-tree", "-r", "--name-only", LEDGER_REF]))
    .split("\n")
    .filter((path) => path.endsWith("/state.json"));
  const known = await Promise.all(states.map((path) => read(path) as Promise<Pick<Execution, "steps">>));
  const landed = known.flatMap(({ steps }) => Object.values(steps).map((each) => each.landed?.commit ?? "nothing"));
  const log = (await runGitOrThrow(bare, ["log", "--first-parent", "--format=%H", "main"])).trim().split("\n");
  expect(landed.sort(), "landings in the ledger").toEqual(log.slice(0, PLAN.steps.length).sort());
};

/** Expects the same ledger again from the inputs of each write. */
const checkReplay = async ({ bare, directory }: CrashStage): Promise<void> => {
  const token = (): Promise<undefined> => Promise.resolve(undefined);
  const clone = await openClone({ url: bare.directory, directory: join(directory, "replay.git"), token, identity, after });
  await clone.fetch();
  const writes = await replayLedger(clone, replayDecision);
  expect(writes.length).toBeGreaterThan(0);
  expect(
    writes.filter(({ end }) => end === "differs" || end === "reworded"),
    "writes that cannot be decided again",
  ).toEqual([]);
};
