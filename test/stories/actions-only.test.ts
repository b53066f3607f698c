import { expect, test } from "vitest";
import { openActionsStage } from "./actions-stage.ts";

const STEPS = ["document_limit", "fix_upload_limit", "test_upload"];

test("given no App and no server, when a maintainer asks, approves and reviews, then Actions land the demo's plan with the job's token alone", async () => {
  const stage = await openActionsStage();
  const told = await stage.tell();
  expect(told).toMatchObject({ end: "done" });
  const landed = await stage.landed();
  expect(landed[0]).toBe("fix_upload_limit");
  expect(landed.toSorted()).toEqual(STEPS);
  const runs = await stage.runs();
  // The end of a run that a job's token started raises nothing: every wake-up was a dispatch or came from a person.
  expect([...new Set(runs.filter(({ name }) => name === "enki").map(({ event }) => event))].toSorted()).toEqual([
    "issue_comment",
    "issues",
    "repository_dispatch",
    "workflow_run",
  ]);
  expect(runs.filter(({ conclusion }) => conclusion === "failure" || conclusion === "startup_failure")).toEqual([]);
  const login = "github-actions[bot]";
  const refused = stage.requests.filter((each) => each.login === login && each.path.startsWith("/api/") && each.status >= 400);
  expect(refused.map(({ method, path, status }) => `${method} ${path} ${status}`)).toEqual([]);
  // A job's token may make 1,000 requests in an hour.
  const counted = stage.requests.filter((each) => each.login === login && each.path.startsWith("/api/") && each.status !== 304);
  expect(counted.length).toBeLessThanOrEqual(200);
  expect(await stage.git("log", "-1", "--merges", "--format=%an <%ae>", "main")).toMatch(
    /^github-actions\[bot\] <\d+\+github-actions\[bot\]@users\.noreply\./,
  );
});
