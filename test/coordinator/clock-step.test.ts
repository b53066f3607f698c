import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { COORDINATE_STEPS } from "../../src/coordinator/coordinate-step.ts";
import { after } from "../support/after.ts";
import { MINT, openStage } from "../local-github/api/stage.ts";
import { createStepHost } from "./step-host.ts";

const MINUTE = 60_000;

/** Returns a clock's pauses for these inputs in milliseconds, and the number of its started runs. */
const waits = async (inputs: Readonly<Record<string, string>>, payload: object = {}) => {
  const stage = await openStage(MINT);
  onTestFinished(() => stage.close());
  const given: Readonly<Record<string, string>> = { ...inputs, token: await stage.jobToken({ contents: "write" }) };
  const before = stage.runner.started.length;
  const path = join(stage.root, "event.json");
  writeFileSync(path, JSON.stringify(payload));
  const pauses: number[] = [];
  const failed = await COORDINATE_STEPS.clock(
    createStepHost(given, {
      env: {
        GITHUB_REPOSITORY: "octo/demo",
        GITHUB_API_URL: stage.forge.apiUrl,
        GITHUB_EVENT_NAME: "repository_dispatch",
        GITHUB_EVENT_PATH: path,
      },
      after: (delay, call) => {
        pauses.push(delay);
        return after(0, call);
      },
    }),
  );
  expect(failed).toBe(null);
  await stage.forge.waitUntilIdle();
  return { pauses, started: stage.runner.started.length - before };
};

test("the clock waits until the given moment, and starts one run", async () => {
  expect(await waits({ wait: "90", "job-result": "success" })).toEqual({ pauses: [90_000], started: 1 });
});

test("it waits for less than the 15 minutes after which GitHub's smallest machine ends a job; the next clock waits for the rest", async () => {
  expect(await waits({ wait: "900", "job-result": "success" })).toEqual({ pauses: [12 * MINUTE], started: 1 });
});

test("its pause doubles with each failure in a row", async () => {
  const after = { client_payload: { failures: 2 } };
  expect(await waits({ wait: "60", "job-result": "failure" }, after)).toEqual({ pauses: [4 * MINUTE], started: 1 });
});
