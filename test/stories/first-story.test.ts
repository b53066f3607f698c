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

test("pull requests say what was asked, done and verified, and that they landed", async () => {
  const stage = await openStage({
    script: (spec) => {
      if (spec.kind === "plan") return { plan: plan(step("fix", { title: "Fix the upload" })) };
      if (spec.kind === "verify") return { verdict: "green" };
      return { files: { "fix.txt": "done\n" } };
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /Done: everything landed/);
  const [pull] = await stage.maintainer.pulls();
  const read = async (): Promise<string> =>
    String(((await stage.does("GET", `/pulls/${pull?.number ?? 0}`)) as { readonly body?: unknown }).body);
  await stage.until("the text of the pull request to say that it landed", async () => (await read()).includes("**Landed**"));
  expect(await read()).toMatch(/^✅ \*\*Landed\*\* on `main` as [0-9a-f]{40}\.\n\nStep `fix` of the plan for #\d+/);
});
