import { describe, expect, test } from "vitest";
import type { StepState } from "../../../src/core/domain/step.ts";
import { createStep } from "../../../src/core/domain/step.ts";
import { renderMermaidBlock, renderMermaidText } from "../../../src/core/messages/mermaid-graph.ts";
import { renderStepTable } from "../../../src/core/messages/step-table.ts";
import { plan, step, stepIn } from "../../support/build.ts";

const SIZE = 1_001;
const { steps } = plan(...Array.from({ length: SIZE }, (_, at) => step(`s${at}`)));
const standing = (stateOf: (at: number) => StepState) => Object.fromEntries(steps.map(({ id }, at) => [id, stepIn(id, stateOf(at))]));
const idsIn = (table: string): string[] => [...table.matchAll(/^\| (?:[^`|]+ \| )?`(\w+)`/gm)].map(([, id = ""]) => id);

describe("a plan of a thousand steps", () => {
  test("is drawn completely without a limit, and not at all in a comment", () => {
    const wordy = steps.map((each) => ({ ...each, title: "What it does, in some more words" }));
    const text = renderMermaidText(wordy, {});
    expect(text.match(/^ {2}n\d+\[/gm)).toHaveLength(SIZE);
    expect(renderMermaidBlock(wordy, {})).toBeNull();
  });

  test("has no graph in its comment if it has too many edges for GitHub", () => {
    const fan = (size: number) => {
      const parts = Array.from({ length: size }, (_, at) => ({ ...step(`s${at}`), title: "a" }));
      return renderMermaidBlock(plan(...parts, { ...step("join", { needs: parts.map(({ id }) => id) }), title: "b" }).steps, {});
    };
    expect(fan(500)?.match(/-->/g)).toHaveLength(500);
    expect(fan(501)).toBeNull();
  });

  test("lists steps that need a person first, then active ones, and counts the others", () => {
    const states: Record<number, StepState> = { 1000: "waiting", 900: "failed", 899: "blocked", 700: "running", 701: "pending" };
    const table = renderStepTable(
      steps,
      standing((at) => states[at] ?? "done"),
    );
    expect(idsIn(table).slice(0, 6)).toEqual(["s1000", "s900", "s899", "s700", "s701", "s0"]);
    expect(idsIn(table)).toHaveLength(150);
    expect(table.split("\n").at(-1)).toBe("| ✅ 851 nothing to change | … | 851 more | |");
  });

  test("lists the first steps in plan order before the approval", () => {
    const table = renderStepTable(steps, {});
    expect(idsIn(table).slice(0, 3)).toEqual(["s0", "s1", "s2"]);
    expect(table.split("\n").at(-1)).toBe("| … | 851 more | | |");
  });

  test("counts attempts together", () => {
    const table = renderStepTable(steps, {
      ...standing(() => "running"),
      s1000: { ...createStep("s1000"), state: "running", attempt: 2 },
      s999: { ...createStep("s999"), state: "done" },
    });
    expect(table.split("\n").at(-1)).toBe("| 🔵 850 running, ✅ 1 nothing to change | … | 851 more | |");
  });
});

test("a smaller plan keeps its order in every state", () => {
  const few = steps.slice(0, 150);
  const table = renderStepTable(
    few,
    standing((at) => (at === 149 ? "failed" : "done")),
  );
  expect(idsIn(table)).toEqual(few.map(({ id }) => id));
});
