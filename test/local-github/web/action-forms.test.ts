import { expect, test } from "vitest";
import { renderReviewForm } from "../../../src/local-github/web/action-forms.ts";
import type { PageScope } from "../../../src/local-github/web/page-scope.ts";

test("Enter in a field of the review presses the first button, which only comments", () => {
  // The form reads only the session, the path and the repository of the scope.
  const scope = {
    session: { formToken: "t" },
    path: "/octo/demo/pulls/1",
    repository: { owner: "octo", name: "demo" },
  } as unknown as PageScope;
  const form = renderReviewForm(scope, { number: 1, head: "a".repeat(40), paths: ["list.txt"] });
  expect([...(form?.markup ?? "").matchAll(/<button name="event" value="(\w+)"/g)].map(([, event]) => event)).toEqual([
    "COMMENT",
    "APPROVE",
    "REQUEST_CHANGES",
  ]);
});
