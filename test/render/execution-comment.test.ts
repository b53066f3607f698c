import { describe, expect, test } from "vitest";
import { executionComment, toldEnd } from "../../src/render/execution-comment.ts";
import { SHOWN } from "./upload-limit.ts";

describe("the comment of an execution", () => {
  test.each(Object.entries(SHOWN))("%s", async (name, shown) => {
    await expect(executionComment(shown)).toMatchFileSnapshot(`shown/${name}.txt`);
  });

  test.each(Object.entries(SHOWN))("tells whether it ended: %s", (_, shown) => {
    const { state } = shown.execution;
    expect(toldEnd(executionComment(shown))).toBe(state === "done" || state === "cancelled" ? state : null);
  });

  test("a report that has a heading like ours ends nothing", () => {
    const [first] = Object.values(SHOWN).filter(({ execution }) => execution.state === "running");
    expect(first && toldEnd(`${executionComment(first)}\n\n### Done: all of it landed`)).toBeNull();
  });
});
