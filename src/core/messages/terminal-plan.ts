import type { Plan, PlannedStep } from "../domain/plan.ts";
import { stripHiddenChars } from "../domain/visible-text.ts";
import { renderAsciiGraph } from "./ascii-graph.ts";
import { toOneLine } from "./escape.ts";

/** A plan for a terminal: the graph and the complete instructions, because a person approves more than titles. */
export const renderPlanText = ({ steps }: Plan, width: number): string =>
  [renderAsciiGraph(steps, {}, width), ...steps.map((step) => renderStepText(step))].join("\n\n");

const renderStepText = (step: PlannedStep): string => {
  const { id, role, tier, run, output, paths, verify, optional } = step;
  const how = [
    run === null ? [role ?? "no role", tier].join(", ") : "a command",
    ...(output === "artifact" ? ["leaves a report"] : []),
    ...(optional ? ["optional"] : []),
    ...(paths.length > 0 ? [`may change only ${paths.join(" ")}`] : []),
    ...(verify.length > 0 ? [`verified also by ${verify.join("; ")}`] : []),
  ];
  const instructions = [...(run === null ? [] : [`$ ${run}`]), step.description].join("\n");
  return [`${id} (${toOneLine(how.join(", "), 500)})`, indentText(instructions)].join("\n");
};

/** Indents untrusted text, so that its lines cannot pass for Enki's. */
export const indentText = (text: string): string =>
  stripHiddenChars(text)
    .replaceAll(/^(?:[ \t]*\n)+|\s+$/g, "")
    .split("\n")
    .map((line) => `    ${line}`.trimEnd())
    .join("\n");
