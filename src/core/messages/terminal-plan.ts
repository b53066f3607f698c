import type { Plan, PlannedStep } from "../domain/plan.ts";
import { showHiddenChars, stripHiddenChars } from "../domain/visible-text.ts";
import { renderAsciiGraph } from "./ascii-graph.ts";
import { toOneLine } from "./escape.ts";

/** A plan for a terminal: the graph and the complete instructions, because a person approves more than titles. */
export const renderPlanText = ({ steps }: Plan, width: number): string =>
  [renderAsciiGraph(steps, { states: {} }, width), ...steps.map((step) => renderStepText(step))].join("\n\n");

const renderStepText = (step: PlannedStep): string => {
  const { id, role, tier, run, output, paths, verify, optional, checkpoint } = step;
  const how = [
    run === null ? [role ?? "no role", tier].join(", ") : "a command",
    ...(output === "artifact" ? ["leaves a report"] : []),
    ...(checkpoint ? ["checkpoint"] : []),
    ...(optional ? ["optional"] : []),
  ];
  return [
    `${id} (${toOneLine(how.join(", "), 500)})`,
    ...(run === null ? [] : indentCommand(run)),
    indentText(step.description),
    ...(paths.length === 0 ? [] : ["    May change only:", ...paths.map((path) => `      ${showHiddenChars(path)}`)]),
    ...(verify.length === 0 ? [] : ["    Verified also by:", ...verify.flatMap((command) => indentCommand(command))]),
  ].join("\n");
};

/** Every line of a command; the first begins with `$`. */
const indentCommand = (command: string): string[] =>
  showHiddenChars(command)
    .split("\n")
    .map((line, at) => `    ${at === 0 ? "$" : "|"} ${line}`);

/** Indents untrusted text, so that its lines cannot pass for Enki's. */
export const indentText = (text: string): string =>
  stripHiddenChars(text)
    .replaceAll(/^(?:[ \t]*\n)+|\s+$/g, "")
    .split("\n")
    .map((line) => `    ${line}`.trimEnd())
    .join("\n");
