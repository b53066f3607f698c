import { expect, test } from "vitest";
import { plan, step } from "../support/build.ts";
import { openStage } from "./stage.ts";

test("a comment becomes landed merges, in the order of the plan, and closes the issue", async () => {
  const stage = await openStage({
    script: (spec) => {
      if (spec.kind === "plan") return { plan: plan(step("fix"), step("test", { needs: ["fix"] })) };
      if (spec.kind === "verify") return { verdict: "green" };
      return { files: { [`${spec.step?.id ?? ""}.txt`]: "done\n" } };
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /Done: everything landed/);
  await stage.until("the issue to be closed", async () => !(await stage.maintainer.isOpen(issue)));
  expect(await stage.landed()).toEqual(["fix", "test"]);
});
