import type { RecordedCommand } from "./command.ts";
import type { TextUse } from "./hidden-chars.ts";
import type { PlannedStep } from "./plan.ts";
import { checkStepTexts, checkVisible } from "./plan-texts.ts";
import type { Refusal } from "./refusal.ts";

type RecordedText = readonly [name: string, text: string, use: TextUse];

const checkSteps = (steps: readonly PlannedStep[]): Refusal | null => {
  for (const step of steps) {
    const refusal = checkVisible({ name: "a step id", text: step.id }, "name") ?? checkStepTexts(step);
    if (refusal) return refusal;
  }
  return null;
};

/** The texts of a command that people or other agents read. */
const listTexts = (command: RecordedCommand): readonly RecordedText[] => {
  switch (command.kind) {
    case "quick":
      return [["prompt", command.prompt, "prose"]];
    case "report":
      return [
        ["status", command.status, "prose"],
        ["reason", command.reason ?? "", "prose"],
        ...(command.replies ?? []).map(({ text }, at): RecordedText => [`replies[${at}]: text`, text, "prose"]),
      ];
    case "backlog-add":
    case "backlog-update":
      return [["body", command.body, "prose"]];
    case "mail-send":
      return [
        ["subject", command.subject, "line"],
        ["body", command.body, "prose"],
        ["thread", command.thread ?? "", "name"],
        ["reply_to", command.replyTo ?? "", "name"],
      ];
    case "mail-reply":
      return [["body", command.body, "prose"]];
    case "retry":
    case "cancel":
    case "pause":
    case "resume":
    case "stop":
    case "propose":
    case "add-steps":
    case "create-task":
    case "backlog-remove":
    case "backlog-pick":
    case "mail-read":
      return [];
  }
};

/**
 * Why a command of an agent's tool is refused: one of its texts has hidden characters.
 * Refusals: `hidden-character`, and for steps those of checkStepTexts.
 */
export const checkRecordedTexts = (command: RecordedCommand): Refusal | null => {
  if (command.kind === "propose") return checkSteps(command.plan.steps);
  if (command.kind === "add-steps") return checkSteps(command.steps);
  if (command.kind === "create-task") return checkSteps([command.step]);
  for (const [name, text, use] of listTexts(command)) {
    const refusal = checkVisible({ name, text }, use);
    if (refusal) return refusal;
  }
  return null;
};
