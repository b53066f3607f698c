import type { Execution } from "../../model/execution.ts";
import { taskId } from "../../model/ids.ts";
import { taskRef } from "../../model/refs.ts";
import { isAsking, type Step } from "../../model/step.ts";
import { failStep } from "../apply/failing.ts";
import { reopen } from "../apply/retry.ts";
import type { Draft } from "../draft.ts";
import { personsHead } from "../rewinds.ts";

/** Follows what people did to task branches: their commits are taken up as the step's new head, a deleted branch is put back. */
export const reconcileHeads = (draft: Draft): void => {
  for (const execution of draft.executions()) {
    for (const step of draft.steps(execution.id)) if (step.state === "failed") takeUp(draft, execution, step);
    if (execution.state !== "running") continue;
    for (const step of draft.steps(execution.id)) {
      if (step.state === "worker_done" || (step.state === "waiting" && step.head && !isAsking(step))) follow(draft, execution, step);
    }
  }
};

/** A person who resolves a conflict on the branch needs no command. */
const takeUp = (draft: Draft, execution: Execution, step: Step): void => {
  const task = taskId(execution.id, step.id);
  const tip = draft.ref(taskRef(task));
  if (step.why?.code !== "unresolved" || execution.workflow?.over === "failed") return;
  if (tip === null || tip === step.head?.sha) return;
  const head = personsHead(draft, execution, { sha: tip, before: step.head });
  if (!head) return;
  draft.putStep(execution.id, { ...step, state: "worker_done", why: null, head });
  reopen(draft, execution);
  draft.note(`${task}: a person pushed ${tip.slice(0, 12)}`);
};

const follow = (draft: Draft, execution: Execution, step: Step): void => {
  if (!step.head) return;
  const task = taskId(execution.id, step.id);
  const tip = draft.ref(taskRef(task));
  if (tip === step.head.sha) return;
  if (tip === null) {
    const there = draft.ask<"contains">({ kind: "contains", commit: step.head.sha, tip: step.head.sha });
    if (there === undefined) return;
    if (!there) return lose(draft, { execution, step });
    draft.move(taskRef(task), step.head.sha);
    draft.note(`${task}: its branch was deleted before it landed; put back`);
    return;
  }
  const head = personsHead(draft, execution, { sha: tip, before: step.head });
  if (!head) return;
  draft.putStep(execution.id, { ...step, state: "worker_done", why: null, head });
  draft.note(`${task}: a person pushed ${tip.slice(0, 12)}`);
};

/** A deleted branch whose commit no clone has any more cannot be put back; a new attempt has a pull request of its own, since GitHub closed this one. */
const lose = (draft: Draft, { execution, step }: { execution: Execution; step: Step }): void => {
  const task = taskId(execution.id, step.id);
  const why = { code: "branch-lost", why: "Its branch was deleted before it landed, and its commit is gone.", next: `/enki retry ${task}` };
  draft.dropTrace(`open-pull:${task}`);
  failStep(draft, { execution, step: { ...step, head: null, pull: null }, why, log: "" });
};
