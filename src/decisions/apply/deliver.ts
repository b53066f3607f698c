import type { Event } from "../../model/event.ts";
import { type Sha, taskId } from "../../model/ids.ts";
import { type Execution, isOver } from "../../model/execution.ts";
import { neededSteps, neededTasks } from "../../model/plan.ts";
import type { Answers } from "../../model/query.ts";
import type { ThreadReply } from "../../model/outcome.ts";
import { taskRef } from "../../model/refs.ts";
import { type Head, NOTHING_TO_DO, type Step } from "../../model/step.ts";
import { workMessage } from "../../render/commits.ts";
import { buildBase } from "../bases.ts";
import type { Draft } from "../draft.ts";
import { PERSON_WAIT } from "../faults.ts";
import { personsHead } from "../rewinds.ts";
import { answerPeople, isAnswer } from "./answer-people.ts";
import { type At, failStep } from "./failing.ts";

type Resulted = Extract<Event, { kind: "resulted" }>;

type Finishing = At & { readonly artifact: string | null; readonly remark: string; readonly replies: readonly ThreadReply[] };

/** A step without files: a report, or nothing to do. */
export const finish = (draft: Draft, { execution, step, artifact, remark, replies }: Finishing): void => {
  const tip = draft.ref(taskRef(taskId(execution.id, step.id)));
  if (artifact === null && tip !== null) return keepBranch(draft, { execution, step, tip, remark, replies });
  if (artifact !== null) draft.putArtifact(execution.id, step.id, artifact);
  endWithout(draft, { execution, step: { ...step, faults: 0, artifact: artifact !== null }, remark });
};

/** A step that has nothing to land is done; a checkpoint, and one that found nothing to do and is needed, wait for `/enki approve <task>@<result>`. */
export const endWithout = (draft: Draft, { execution, step, remark }: At & { remark: string }): void => {
  const checkpoint = draft.planned(execution, step.id)?.checkpoint === true;
  const task = taskId(execution.id, step.id);
  const idle = step.outcome === "nothing-to-do" && !step.artifact;
  const held = idle && isNeeded(draft, execution, step);
  const said = remark === "" ? null : { code: idle ? NOTHING_TO_DO : "remark", why: remark, next: "" };
  if (!checkpoint && !held) {
    draft.putStep(execution.id, { ...step, state: "done", why: said });
    draft.note(`${task} done: ${step.artifact ? "artifact" : "nothing to land"}`);
    return;
  }
  const next = `/enki approve ${task}@${(step.result ?? "").slice(0, 12)}`;
  const waits = { code: "checkpoint", why: "Steps that need this one wait until a person approves its result.", next };
  const why = said ? { ...said, next } : waits;
  draft.putStep(execution.id, { ...step, state: "waiting", why, until: draft.now + PERSON_WAIT });
  draft.note(`${task} waits for ${held ? "a person to confirm that there is nothing to do" : "an approval"}`);
};

/** Whether steps that need this one would go on without its work, and nobody said that they may. In a workflow the author's edges say what follows. */
const isNeeded = (draft: Draft, execution: Execution, { id }: Step): boolean => {
  if (execution.workflow || draft.planned(execution, id)?.optional === true) return false;
  const task = taskId(execution.id, id);
  return draft.executions().some((each) => {
    if (isOver(each)) return false;
    const own = each.id === execution.id;
    return draft.order(each).some((planned) => {
      const state = each.steps[planned.id]?.state ?? "pending";
      if (state === "done" || state === "skipped" || state === "cancelled") return false;
      return (own && neededSteps(planned).includes(id)) || neededTasks(planned).includes(task);
    });
  });
};

type Keeping = Omit<Finishing, "artifact"> & { readonly tip: Sha };

/**
 * Nothing was added to a branch that is there: what a person pushed to it is the work, and what people spoke of stays as it is where its agent says why.
 * What an earlier attempt made is not taken for done otherwise.
 */
const keepBranch = (draft: Draft, { execution, step, tip, remark, replies }: Keeping): void => {
  const task = taskId(execution.id, step.id);
  const answers = isAnswer(draft, { execution, step });
  if (answers) answerPeople(draft, { execution, step, head: null, replies });
  if (answers && tip === step.head?.sha && step.base === tip) {
    draft.putStep(execution.id, { ...step, faults: 0, state: "worker_done", why: null, answered: step.attempt });
    return draft.note(`${task} answers what people said, and leaves ${tip.slice(0, 12)} as it is`);
  }
  if (tip !== step.head?.sha || step.head.by === "person") {
    const head = personsHead(draft, execution, { sha: tip, before: step.head });
    if (!head) return;
    draft.putStep(execution.id, { ...step, faults: 0, state: "worker_done", why: null, head, ...(answers && { answered: step.attempt }) });
    return draft.note(`${task} adds nothing to ${tip.slice(0, 12)}, which a person pushed`);
  }
  const because = remark === "" ? "" : ` (${remark.replace(/[.\s]+$/, "")})`;
  const text = `Its new attempt changed nothing${because}; the work of an earlier attempt is still on its branch.`;
  failStep(draft, { execution, step, why: { code: "work-unchanged", why: text, next: `/enki retry ${task}` }, log: step.output });
};

type Ground = { readonly commit: Sha; readonly on: Step["on"]; readonly by: Head["by"]; readonly tip?: Sha | undefined };
type Carried = Omit<Ground, "commit"> & { readonly work: Answers["work"] };

/** What work is put on: what a person pushed to its branch, else the newest base with what it needs. Undefined while it is not known. */
const ground = (draft: Draft, { execution, step, event }: At & { event: Resulted }): Ground | undefined => {
  const tip = draft.ref(taskRef(taskId(execution.id, step.id)));
  const own = { commit: event.result.base, on: step.on, tip: step.tip };
  if (tip !== null && (tip !== step.head?.sha || step.head.by === "person")) {
    const head = tip === step.head?.sha ? step.head : personsHead(draft, execution, { sha: tip, before: step.head });
    return head && { commit: tip, on: step.on, by: "person", tip: head.base };
  }
  const answered = headBelow(step, own.commit);
  if (answered) return { commit: answered.sha, on: step.on, by: "worker", tip: answered.base };
  const planned = draft.planned(execution, step.id);
  const newest = planned && buildBase(draft, execution, planned);
  return newest && { ...("why" in newest ? own : newest), by: "worker" };
};

/** A result's files as a commit. Undefined while it is not known. */
const carry = (draft: Draft, at: At & { event: Resulted }, message: string): Carried | undefined => {
  const { step, event } = at;
  const { base } = event.result;
  const onto = ground(draft, at);
  if (!onto) return undefined;
  const query = { kind: "work", result: event.commit, base, message } as const;
  const work = draft.ask<"work">({ ...query, onto: onto.commit });
  if (!work || onto.by === "person" || work.kind !== "conflict") return work && { work, by: onto.by, on: onto.on, tip: onto.tip };
  // What conflicts with the newest base stays on the base that it was made on; the refinery finds the conflict with both sides.
  const own = draft.ask<"work">({ ...query, onto: base });
  return own && { work: own, by: "worker", on: step.on, tip: step.tip };
};

/** The step's own head where an attempt began with it: an answer to what people said about a head is put on that head. */
const headBelow = ({ head }: Step, base: Sha): Head | null => (head?.sha === base ? head : null);

/** The results that a head is made of: those of the head that it was put on, and this one. Undefined where they are not known. */
const madeOf = (before: Step["made"], { step, event }: Pick<At, "step"> & { event: Resulted }): Step["made"] => {
  const own = { result: event.commit, base: event.result.base };
  if (!headBelow(step, event.result.base)) return [own];
  return before && [...before, own];
};

/** Turns a result's files into the head of the step's branch. */
export const deliver = (draft: Draft, at: At & { event: Resulted }): void => {
  const { execution, step, event } = at;
  const task = taskId(execution.id, step.id);
  const planned = draft.planned(execution, step.id);
  if (!planned) return;
  const carried = carry(draft, at, workMessage({ execution, step: planned, suffix: draft.snapshot.config.git.commitSuffix }));
  if (!carried) return;
  const { work, by, on, tip } = carried;
  const { replies } = event.result;
  if (work.kind === "unchanged")
    return finish(draft, { execution, step, artifact: null, remark: `\`${execution.base}\` already contains its changes.`, replies });
  if (work.kind === "conflict") {
    const why = `It conflicts with its branch or its base in ${work.paths.slice(0, 5).join(", ")}.`;
    return failStep(draft, { execution, step, why: { code: "work-conflict", why, next: `/enki retry ${task}` }, log: "" });
  }
  draft.move(taskRef(task), work.commit);
  const head = { sha: work.commit, since: draft.now, by, ...(tip !== undefined && { base: tip }) };
  const { made: before, ...rest } = step;
  const made = by === "person" ? undefined : madeOf(before, { step, event });
  const next = { ...rest, ...(made && { made }), faults: 0, state: "worker_done", why: null, base: event.result.base, head, on } as const;
  draft.putStep(execution.id, { ...next, answered: step.attempt });
  answerPeople(draft, { execution, step, head: work.commit, replies });
  draft.note(`${task} delivered ${work.commit.slice(0, 12)}`);
};
