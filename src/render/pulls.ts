import type { Execution } from "../model/execution.ts";
import { taskId } from "../model/ids.ts";
import type { PlannedStep } from "../model/plan.ts";
import type { Sha } from "../model/ids.ts";
import type { Candidate, Terms } from "../model/queue.ts";
import { calm, code, inline, oneLine, quoted } from "./escape.ts";
import { landsHow } from "./landing.ts";

type About = { readonly execution: Execution; readonly step: PlannedStep };

export const pullTitle = ({ step }: About): string => calm(oneLine(step.title, 200)) || step.id;

type Pulled = About & { readonly output: string; /** Undefined while they are not known. */ readonly terms: Terms | undefined };

/** What the pull request is for, who asked, and how it lands. */
export const pullBody = ({ execution, step, output, terms }: Pulled): string => {
  const task = taskId(execution.id, step.id);
  return [
    `Step ${code(step.id)} of a plan for #${execution.issue}, where ${inline(execution.by)} asked: ${inline(execution.request)}`,
    ...(output.trim() === "" ? [] : ["**What was done**, in the worker's words", quoted(output, { limit: 4_000, keep: "start" })]),
    "**What was to do**",
    quoted(step.description, { limit: 8_000, keep: "start" }),
    "**How it lands**",
    step.checkpoint
      ? "This is a **checkpoint**: Enki lands it, and starts what needs it, once a person with write permission approved exactly this head with a review."
      : `Enki lands it by itself, as soon as the commit that would land is green${terms && terms.reviews > 0 ? " and this head has the approving reviews that the rules ask for" : ""}.`,
    ...(terms ? [landsHow(execution.base, terms)] : []),
    `<sub>Task ${code(task)} of execution ${code(execution.id)} · push to this branch to change what lands · ${code(`/enki cancel ${task}`)} on #${execution.issue} withdraws it</sub>`,
  ].join("\n\n");
};

export const batchTitle = ({ items }: Candidate): string =>
  items.length === 1 ? "Land a verified step" : `Land ${items.length} verified steps`;

/** What the pull request of a whole candidate brings. */
export const batchBody = ({ commit, items }: Candidate): string =>
  [
    `${code(commit.slice(0, 12))} is green as a whole. Enki merges it by itself; the pull requests of its steps are merged with it.`,
    items.map(({ task, head }) => `- ${code(task)} at ${code(head.slice(0, 12))}`).join("\n"),
  ].join("\n\n");

export const revertTitle = (merge: Sha): string => `Take back ${merge.slice(0, 12)}, which is not what was verified`;
export const revertMessage = (merge: Sha): string => `Take back ${merge.slice(0, 12)}\n\nIts files are not those that were verified.\n`;
export const revertBody = (merge: Sha): string =>
  `The files of ${code(merge.slice(0, 12))} are not those that were verified before it was merged. Nothing lands until a person has looked at it: merge this to take it back, or comment ${code("/enki retry")} on the issue to go on with it as it is.`;
