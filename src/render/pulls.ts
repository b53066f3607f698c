import type { Execution } from "../model/execution.ts";
import { taskId } from "../model/ids.ts";
import type { PlannedStep } from "../model/plan.ts";
import { cut, fenced, inline } from "./escape.ts";

type About = { readonly execution: Execution; readonly step: PlannedStep };

export const pullTitle = ({ step }: About): string => cut(step.title.replace(/\s+/g, " ").trim(), 200);

/** What the pull request is for, who asked, and how it lands. */
export const pullBody = ({ execution, step, output }: About & { readonly output: string }): string =>
  [
    `Step \`${step.id}\` of \`${execution.id}\`, for #${execution.issue}: ${inline(execution.request)}`,
    fenced(step.description, 6_000),
    ...(output.trim() === "" ? [] : ["**What the worker says it did**", fenced(output)]),
    step.checkpoint
      ? "This step is a **checkpoint**: Enki lands it, and starts what needs it, once a person with write permission approved exactly this head with a review."
      : "Enki lands it by itself when the commit that would land is green.",
    `<sub>Task \`${taskId(execution.id, step.id)}\`. Push to this branch to change what lands; \`/enki cancel ${taskId(execution.id, step.id)}\` on the issue withdraws it.</sub>`,
  ].join("\n\n");
