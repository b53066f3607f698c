import { listNeededSteps, listNeededTasks, type PlannedStep } from "../domain/plan.ts";
import { escapeInline, fenceCommand, listExactly, quoteText, toInlineCode } from "./escape.ts";

/** More than every description has. */
const WHOLE_TEXT = { limit: 200_000, keep: "start" } as const;

/** A step's tier and role or "a command", and its options. */
export const formatWorkMode = ({ tier, role, output, checkpoint, optional, run }: PlannedStep): string =>
  [
    run === null ? `${tier}${role === null ? "" : ` · ${escapeInline(role, 40)}`}` : "a command",
    ...(output === "artifact" ? ["a report"] : []),
    ...(checkpoint ? ["**checkpoint**"] : []),
    ...(optional ? ["optional"] : []),
  ].join(" · ");

const capitalize = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** The complete instructions of a step under its id. */
export const renderStepInstruction = (step: PlannedStep): string => {
  const [rules = "", ...rest] = listInstructionParts(step);
  return [`**${toInlineCode(step.id)}**${rules === "" ? "" : `: ${rules}`}`, ...rest].join("\n\n");
};

/** The complete instructions of a step in a text that names the step elsewhere. */
export const renderStepTask = (step: PlannedStep): string => {
  const [rules = "", ...rest] = listInstructionParts(step);
  return [...(rules === "" ? [] : [capitalize(rules)]), ...rest].join("\n\n");
};

/** A line of rules, empty without rules, and further blocks. Shows the exact paths and commands. */
const listInstructionParts = ({ paths, verify, run, description }: PlannedStep): readonly string[] => {
  const inline = verify.every((command) => !/[\n\t]/.test(command));
  const rules = [
    ...(paths.length === 0 ? [] : [listExactly("may change only", paths)]),
    ...(verify.length === 0 || !inline ? [] : [listExactly("verified also by", verify)]),
    ...(run === null ? [] : ["runs this command instead of an agent:"]),
  ].join("; ");
  return [
    rules,
    ...(run === null ? [] : [fenceCommand(run)]),
    ...(inline ? [] : [listExactly("Verified also by", verify)]),
    quoteText(description, WHOLE_TEXT),
  ];
};

/** Everything about a step, for a page without a table. */
export const renderWholeStep = (step: PlannedStep): string => {
  const needs = [...listNeededSteps(step), ...listNeededTasks(step)].map((need) => toInlineCode(need));
  const after = needs.length === 0 ? "" : ` · after ${needs.join(", ")}`;
  return [`### ${escapeInline(step.title)}`, `${formatWorkMode(step)}${after}`, renderStepInstruction(step)].join("\n\n");
};
