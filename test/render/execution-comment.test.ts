import { describe, expect, test } from "vitest";
import { executionComment } from "../../src/render/execution-comment.ts";
import { SHOWN } from "./upload-limit.ts";

describe("the comment of an execution", () => {
  test.each(Object.entries(SHOWN))("%s", async (name, shown) => {
    await expect(executionComment(shown)).toMatchFileSnapshot(`shown/${name}.txt`);
  });
});
