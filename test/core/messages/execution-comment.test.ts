import { describe, expect, test } from "vitest";
import { renderExecutionComment, readCommentEnd } from "../../../src/core/messages/execution-comment.ts";
import { SHOWN } from "./upload-limit.ts";

describe("the comment of an execution", () => {
  test.each(Object.entries(SHOWN))("%s", async (name, shown) => {
    await expect(renderExecutionComment(shown)).toMatchFileSnapshot(`shown/${name}.txt`);
  });

  test.each(Object.entries(SHOWN))("states whether it ended: %s", (_, shown) => {
    const { state } = shown.execution;
    expect(readCommentEnd(renderExecutionComment(shown))).toBe(state === "done" || state === "cancelled" ? state : null);
  });

  test("a heading in a report does not end the execution", () => {
    const [first] = Object.values(SHOWN).filter(({ execution }) => execution.state === "running");
    expect(first && readCommentEnd(`${renderExecutionComment(first)}\n\n### Done: everything landed`)).toBeNull();
  });
});
