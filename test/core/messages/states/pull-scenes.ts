import type { Pull } from "../../../../src/core/domain/github-facts.ts";
import { hashValue } from "../../../../src/core/domain/ids.ts";
import type { PlannedStep } from "../../../../src/core/domain/plan.ts";
import { toBranchRef } from "../../../../src/core/domain/refs.ts";
import { comment, plan } from "../../../support/build.ts";
import { config } from "../../../support/config.ts";
import { openDay, type Scene } from "./show-state.ts";
import { DOCS, LIMIT } from "./upload-plan.ts";

const RED = "$ npm test\n| not ok 3 - an upload of 5 MB\n|   413 !== 201";
const PULL: Pull = {
  number: 7,
  title: "Speed up uploads",
  headRef: "faster",
  head: hashValue("a person's work").slice(0, 40),
  baseBranch: "main",
  state: "open",
  draft: false,
  labels: [],
  hasActivity: true,
};

/** Queues a person's pull request through a maintainer, behind the given steps. */
const landPull = async (ahead: readonly PlannedStep[] = []) => {
  const it = openDay({ config: config({ refinery: { ...config().refinery, retries: 0 } }) });
  it.state.parents.set(PULL.head, [it.base()]);
  it.state.refs[toBranchRef("faster")] = PULL.head;
  if (ahead.length > 0) {
    await it.propose(plan(...ahead));
    await it.approve();
    for (const { id } of ahead) await it.worked(id);
  }
  it.state.pulls.push(PULL);
  const before = new Set(Object.keys(it.state.ledger.executions));
  const said = comment(100, { kind: "land", head: null });
  await it.tell({ ...said, issue: 7, onPullRequest: true, at: it.state.now } as typeof said);
  return { ...it, id: Object.keys(it.state.ledger.executions).find((id) => !before.has(id)) ?? "" };
};

export const PULL_SCENES: Readonly<Record<string, Scene>> = {
  "a person's pull request in the queue": {
    about: "A maintainer commented /enki land on a pull request.",
    tell: async () => {
      const it = await landPull();
      return { it, id: it.id };
    },
  },
  "a person's pull request behind steps": {
    about: "Two steps are ahead of a person's pull request.",
    tell: async () => {
      const it = await landPull([LIMIT, DOCS]);
      return { it, id: it.id };
    },
  },
  "a person's pull request is red": {
    about: "A person's pull request failed verification.",
    tell: async () => {
      const it = await landPull();
      await it.rejected(RED);
      await it.tell({ kind: "woken" });
      return { it, id: it.id };
    },
  },
  "a person's pull request landed": {
    about: "A person's pull request landed.",
    tell: async () => {
      const it = await landPull();
      await it.verified();
      await it.tell({ kind: "woken" });
      return { it, id: it.id };
    },
  },
};
