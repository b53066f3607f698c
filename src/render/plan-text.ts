import type { Plan, PlannedStep } from "../model/plan.ts";
import { visible } from "../model/visible.ts";
import { asciiGraph } from "./ascii-graph.ts";
import { oneLine } from "./escape.ts";

/** A plan for a terminal: its graph, and what each step is told, word for word: a person approves that, not only its title. */
export const planText = ({ steps }: Plan, width: number): string =>
  [asciiGraph(steps, {}, width), ...steps.map((step) => stepText(step))].join("\n\n");

const stepText = (step: PlannedStep): string => {
  const { id, role, tier, run, output, paths, verify, optional } = step;
  const how = [
    run === null ? [role ?? "no role", tier].join(", ") : "a command",
    ...(output === "artifact" ? ["leaves a report"] : []),
    ...(optional ? ["optional"] : []),
    ...(paths.length > 0 ? [`may change only ${paths.join(" ")}`] : []),
    ...(verify.length > 0 ? [`verified also by ${verify.join("; ")}`] : []),
  ];
  const told = [...(run === null ? [] : [`$ ${run}`]), step.description].join("\n");
  return [`${id} (${oneLine(how.join(", "), 500)})`, indent(told)].join("\n");
};

/** Text of others, whose lines cannot be taken for ours. */
export const indent = (text: string): string =>
  visible(text)
    .replaceAll(/^(?:[ \t]*\n)+|\s+$/g, "")
    .split("\n")
    .map((line) => `    ${line}`.trimEnd())
    .join("\n");
