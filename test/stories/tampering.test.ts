import { expect, test } from "vitest";
import { plan, step } from "../support/build.ts";
import { openStage } from "./stage.ts";

const TEST = 'test("the limit", () => {\n  expect(limit()).toBe(10);\n});\n';

test("a step that deletes a test waits for a person, on the issue and on its pull request, and an honest one lands", async () => {
  const stage = await openStage({
    script: (spec) => {
      if (spec.kind === "plan") return { plan: plan(step("honest"), step("fix")) };
      if (spec.kind === "verify") return { verdict: "green" };
      return spec.step?.id === "honest" ? { files: { "more.test.js": TEST } } : { files: { "limit.test.js": null, "limit.js": "1\n" } };
    },
  });
  await stage.push("main", { "limit.test.js": TEST });
  const issue = await stage.ask();
  await stage.approve(issue);
  const shown = await stage.shows(issue, /`fix` changes \*\*the checks that judge it\*\*.*approve #\d+ with a review/);
  expect(shown).toContain("- `limit.test.js` deletes a test");
  await stage.until("the honest step to land", async () => (await stage.landed()).length === 1);
  const pull = Number(/approve #(\d+) with a review/.exec(shown)?.[1]);
  expect(await stage.does("GET", `/pulls/${pull}`)).toMatchObject({
    body: expect.stringMatching(/This step changes \*\*the checks that judge it\*\*[^]*- `limit\.test\.js` deletes a test/),
  });
  stage.later(2_000);
  await stage.maintainer.review(pull, { event: "APPROVE" });
  await stage.shows(issue, /Done: everything landed/);
  expect(await stage.git("ls-tree", "--name-only", "main")).not.toContain("limit.test.js\n");
});
