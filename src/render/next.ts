import type { Execution } from "../model/execution.ts";
import { taskId } from "../model/ids.ts";
import type { Queue } from "../model/queue.ts";
import type { Refusal } from "../model/refusal.ts";
import { isAsking, isIdle, isKept, type Step } from "../model/step.ts";
import { code, sentence } from "./escape.ts";

/** A command that can be copied with one click, and pasted as a comment. */
const toCopy = (line: string): string => `\`\`\`\n${line}\n\`\`\``;

/** What a refusal says goes on: a command to copy, or words. */
export const goOn = ({ next }: Refusal): string => (next.startsWith("/enki") ? toCopy(next) : next === "" ? "" : `Next: ${sentence(next)}`);

/** What a person can do now, with the command for it; empty where Enki goes on by itself. */
export const nextCommand = (execution: Execution, queue: Queue, steps: readonly Step[] = Object.values(execution.steps)): string => {
  switch (execution.state) {
    case "proposed":
      return [
        "Nothing runs before a person with write permission says so. To start exactly this plan, comment:",
        toCopy(`/enki approve ${(execution.plan ?? "").slice(0, 12)}`),
        `Not what you meant? Comment ${code("/enki revise <what to change>")}, or quote a line of the plan and say what to change. To cancel it, comment ${code(`/enki cancel ${execution.id}`)}.`,
      ].join("\n\n");
    case "running":
      return whileRunning(execution, queue, steps);
    case "failed":
      return afterFailure(execution, steps);
    case "paused":
      return `What runs may end; nothing new starts or lands. To continue, comment:\n\n${toCopy(`/enki resume ${execution.id}`)}`;
    case "asking":
      return execution.why ? `To answer, comment:\n\n${goOn(execution.why)}` : "";
    case "planning":
    case "done":
    case "cancelled":
      return "";
  }
};

/** More at once would bury the first. */
const MOST = 5;

const whileRunning = (execution: Execution, { frozen }: Queue, steps: readonly Step[]): string => {
  const waiting = steps.filter((step) => step.state === "waiting").slice(0, MOST);
  const failed = steps.filter((step) => step.state === "failed");
  const paused = steps.filter((step) => step.state === "paused");
  return [
    ...(frozen ? [whileFrozen(frozen)] : []),
    ...waiting.map((step) => checkpoint(execution, step)),
    ...(waiting.length === 0 && !frozen && failed[0] ? [retry(execution, failed)] : []),
    ...(paused[0] ? [goOnWith(execution, paused)] : []),
  ].join("\n\n");
};

/** What has to be done elsewhere first is said first. */
const whileFrozen = (frozen: Refusal): string => {
  if (frozen.next.startsWith("/enki")) return `When that is fixed, comment:\n\n${goOn(frozen)}`;
  return `${goOn(frozen)} Enki checks again within 15 minutes; to check now, comment ${code("/enki retry")}.`;
};

const checkpoint = (execution: Execution, step: Step): string => {
  if (isAsking(step) && step.why) return `${code(step.id)} **asks**. ${sentence(step.why.why)} To answer, comment:\n\n${goOn(step.why)}`;
  if (isKept(step) && step.why) return `${code(step.id)} is **held**: ${sentence(step.why.why)} It lands when that is over.`;
  if (isIdle(step) && step.why) return idle(execution, step, step.why);
  const name = `${code(step.id)} is a **checkpoint**`;
  if (step.pull !== null) {
    const again = step.why?.code === "hasty-review" ? ` ${sentence(step.why.why)}` : "";
    return `${name}, and its work is verified: approve #${step.pull} with a review to let it land and the next steps begin.${again}`;
  }
  const line = `/enki approve ${taskId(execution.id, step.id)}@${(step.result ?? "").slice(0, 12)}`;
  const what = step.artifact ? "read its report below. To go on with it" : "it had nothing to change. To go on";
  return `${name}: ${what}, comment:\n\n${toCopy(line)}`;
};

/** A step that others need and that changed nothing: whether they go on without its work is a person's to say. */
const idle = (execution: Execution, step: Step, why: Refusal): string => {
  const task = taskId(execution.id, step.id);
  return [
    `${code(step.id)} found **nothing to do**: ${sentence(why.why, 1_000)} To confirm and start the steps that need it, comment:`,
    toCopy(why.next),
    `If that is wrong, comment ${code(`/enki retry ${task}`)} to try again, or ${code(`/enki skip ${task}`)} to continue without it.`,
  ].join("\n\n");
};

const retry = (execution: Execution, failed: readonly Step[]): string => {
  const [first] = failed;
  const own = failed.length === 1 && first?.why?.next.startsWith("/enki retry ") === true ? first.why.next : `/enki retry ${execution.id}`;
  return `To try ${failed.length === 1 ? "it" : `all ${failed.length} of them`} again, comment:\n\n${toCopy(own)}`;
};

const goOnWith = (execution: Execution, paused: readonly Step[]): string => {
  const names = paused.slice(0, MOST).map(({ id }) => code(id));
  const more = paused.length > MOST ? ` and ${paused.length - MOST} more` : "";
  const line = paused.length === 1 ? taskId(execution.id, paused[0]?.id ?? "") : execution.id;
  return `Paused: ${names.join(", ")}${more}. To continue, comment:\n\n${toCopy(`/enki resume ${line}`)}`;
};

const afterFailure = (execution: Execution, steps: readonly Step[]): string => {
  const failed = steps.filter((step) => step.state === "failed");
  if (failed.length > 0) return retry(execution, failed);
  const next = execution.why?.next ?? "";
  if (next !== "" && !next.startsWith("/enki") && execution.why) return `${goOn(execution.why)} Then ask again.`;
  const line = next.startsWith("/enki") ? next : `/enki retry ${execution.id}`;
  return `To try again, comment:\n\n${toCopy(line)}`;
};
