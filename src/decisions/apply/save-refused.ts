import type { Event } from "../../model/event.ts";
import { readTaskId, type RefName, type TaskId } from "../../model/ids.ts";
import { branchRef, readCandidateRef, readTaskRef } from "../../model/refs.ts";
import type { Draft } from "../draft.ts";
import { failStep } from "./failing.ts";

/**
 * A ref that we may not move is given up with GitHub's words, so that the next save can do without it: a step's branch fails its step,
 * the base and its candidates freeze their queue. A ref that moved is simply read again.
 */
export const applySaveRefused = (draft: Draft, { ref, why, text }: Extract<Event, { kind: "save-refused" }>): void => {
  if (why === "moved") return;
  const task = readTaskRef(ref);
  if (task) return refuseBranch(draft, { ref, task, text });
  const candidate = readCandidateRef(ref);
  const base = candidate?.base ?? Object.keys(draft.ledger().queues).find((each) => branchRef(each) === ref);
  if (base === undefined || draft.queue(base).frozen) return;
  // There is another way: pull requests that GitHub merges.
  const queue = draft.queue(base);
  if (!candidate && queue.refused === undefined && draft.snapshot.config.refinery.landing === "auto") {
    const { terms: _, ...rest } = queue;
    draft.note(`${base} is not pushed any more: ${text}`);
    return draft.putQueue(base, { ...rest, refused: text });
  }
  const refused = `GitHub does not let Enki ${candidate ? `push a candidate for \`${base}\`` : `move \`${base}\``}: ${text}`;
  draft.putQueue(base, { ...draft.queue(base), frozen: { code: "not-allowed", why: refused, next: "/enki retry" } });
  draft.note(`${base} refused: ${text}`);
};

/** The trace of a landed step's branch that GitHub does not let us remove: it stays. */
export const keptBranch = (ref: RefName): string => `keep-branch:${ref}`;

const refuseBranch = (draft: Draft, { ref, task, text }: { ref: RefName; task: TaskId; text: string }): void => {
  const id = readTaskId(task);
  const execution = id && draft.execution(id.execution);
  const step = id && execution?.steps[id.step];
  if (!execution || !step) return;
  draft.note(`${task}: its branch was refused: ${text}`);
  if (step.landed) {
    const refused = { code: "not-allowed", why: text };
    return draft.putTrace(keptBranch(ref), { at: draft.now, tries: 1, notBefore: 0, refused, known: null, digest: null });
  }
  if (step.state !== "running" && step.state !== "worker_done" && step.state !== "waiting") return;
  const why = { code: "push-refused", why: `GitHub does not let Enki push its branch: ${text}`, next: `/enki retry ${task}` };
  failStep(draft, { execution, step, why, log: text });
};
