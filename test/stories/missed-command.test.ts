import { expect, test } from "vitest";
import { plan, step } from "../support/build.ts";
import { openStage } from "./stage.ts";

test("given a first command that came while no process of the App ran, when the App starts on an empty disk, then the command is carried out", async () => {
  const stage = await openStage({
    webhooks: false,
    script: (spec) =>
      spec.kind === "plan"
        ? { plan: plan(step("fix")) }
        : spec.kind === "verify"
          ? { verdict: "green" }
          : { files: { "limit.txt": "2\n" } },
  });
  const issue = await stage.ask();
  await stage.startApp({ sweepsInstalled: true, sweepIntervalMs: 500 });
  await stage.approve(issue);
  await stage.shows(issue, /Done: everything landed/);
  expect(await stage.landed()).toEqual(["fix"]);
});
