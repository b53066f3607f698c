import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { createExecution } from "../../src/core/domain/execution-lifecycle.ts";
import { emptyLedger } from "../../src/core/domain/ledger.ts";
import { openClone } from "../../src/storage/git/repository-clone.ts";
import { stepIn } from "../support/build.ts";
import { NAMED, openStage, REPO, type Stage } from "../local-github/api/stage.ts";
import { type Chance, openChance } from "./chance.ts";
import { openClock } from "./clock.ts";
import { openOracle } from "./oracle.ts";
import { openPeople, type PeopleAct } from "./people.ts";
import { judgeEnd } from "./settled.ts";
import { configOf, drawShape, planOf } from "./shape.ts";

const BRANCH = "task/0186c1-s0";
const open: Stage[] = [];
afterEach(async () => {
  for (const stage of open.splice(0)) await stage.close();
});

/** Draws the kinds of act one after the other. Only the wanted act happens. */
const onlyChance = (wanted: () => PeopleAct | null): Chance => {
  let at = 0;
  return {
    ...openChance(1),
    number: () => (at = (at + 0.005) % 1),
    happens: (kind) => kind === wanted(),
    pick: (_, [first]) => first,
  };
};

/** Opens a repository with people and an oracle, two commits on `main`, and a step with an open pull request. */
const openRepository = async () => {
  const stage = await openStage();
  open.push(stage);
  const { forge, root, owner, git, commit, octokit, remote } = stage;
  await commit({ "a.txt": "a\n" });
  await git("push", "-q", remote(owner), "main");
  await git("checkout", "-q", "-b", BRANCH);
  await commit({ "work.txt": "work\n" });
  await git("push", "-q", remote(owner), BRANCH);
  const github = octokit(owner);
  const { data: pull } = await github.pulls.create({ ...REPO, head: BRANCH, base: "main", title: "Work" });
  const clock = openClock();
  const shape = drawShape(openChance(1));
  const bare = join(root, "forge", "octo", "demo.git");
  const plan = planOf(shape);
  const oracle = openOracle({ bare, log: () => undefined, now: clock.now, replayEvery: 1, plan, shape, awaited: null });
  const request = { issue: 9, onPullRequest: false, requestedBy: "maintainer", request: "the limit", baseBranch: "main", createdAt: 0 };
  const execution = createExecution({ id: "0186c1", ...request });
  oracle.state.ledger = {
    ...emptyLedger,
    executions: { "0186c1": { ...execution, state: "paused", steps: { s0: stepIn("s0", "published", { pull: pull.number }) } } },
  };
  const log: string[] = [];
  const clone = await openClone({
    url: `${forge.url}/octo/demo.git`,
    directory: join(root, "person.git"),
    token: () => Promise.resolve(owner),
    identity: { name: "Ada", email: "ada@example.invalid" },
    after: clock.after,
  });
  let wanted: PeopleAct | null = null;
  const people = openPeople({
    clock,
    chance: onlyChance(() => wanted),
    log: (line) => void log.push(line),
    forge,
    repository: NAMED,
    clone,
    ledger: () => oracle.state.ledger,
    oracle,
    configOf: (edit) => configOf(shape, edit),
  });
  oracle.seen(false);
  return {
    ...stage,
    github,
    oracle,
    pull: pull.number,
    log,
    act: async (kind: PeopleAct): Promise<void> => {
      wanted = kind;
      while (log.length === 0) await people.act();
      await forge.waitUntilIdle();
      oracle.seen(false);
    },
    judgeEnd: () => judgeEnd({ oracle, forge, token: owner, repository: NAMED }),
    violations: (): string[] => oracle.state.violations.map(({ invariant }) => invariant),
    pushToBase: async (): Promise<void> => {
      await git("checkout", "-q", "main");
      await commit({ "b.txt": "b\n" });
      await git("push", "-q", remote(owner), "main");
      await forge.waitUntilIdle();
      oracle.seen(false);
    },
  };
};

describe("a person's push to the base", () => {
  test("that a rule refuses is not missed there", async () => {
    const it = await openRepository();
    it.forge.setRules(NAMED, [{ branch: "main", type: "update" }]);
    await it.act("people: push to the base");
    expect(it.log.join("\n")).toContain("the push to refs/heads/main was refused");
    it.forge.setRules(NAMED, []);
    await it.pushToBase();
    expect(it.violations()).toEqual([]);
  });

  test("that was accepted is missed there", async () => {
    const it = await openRepository();
    const before = await it.git("rev-parse", "main");
    await it.act("people: push to the base");
    expect(it.violations()).toEqual([]);
    // The push imitates a coordinator that loses the commit. It is no act of a person.
    await it.git("push", "-q", "--force", it.remote(it.owner), `${before}:refs/heads/main`);
    it.oracle.seen(true);
    expect(it.violations()).toContain("people's commits");
  });
});

describe("a pull request that GitHub calls merged without a landing", () => {
  test("is expected after a person reset its branch to an earlier commit of the base", async () => {
    const it = await openRepository();
    await it.pushToBase();
    await it.act("people: force-push a task branch");
    expect((await it.github.pulls.get({ ...REPO, pull_number: it.pull })).data.merged).toBe(true);
    await it.judgeEnd();
    expect(it.violations()).toEqual([]);
  });

  test("is not expected after a person reset its branch to the tip of the base: GitHub closes it", async () => {
    const it = await openRepository();
    await it.act("people: force-push a task branch");
    expect((await it.github.pulls.get({ ...REPO, pull_number: it.pull })).data).toMatchObject({ state: "closed", merged: false });
    await it.judgeEnd();
    expect(it.violations()).toEqual([]);
  });

  test("is a violation if nobody merged it by hand", async () => {
    const it = await openRepository();
    await it.github.pulls.merge({ ...REPO, pull_number: it.pull });
    await it.judgeEnd();
    expect(it.violations()).toEqual(["no merge without landing"]);
  });
});
