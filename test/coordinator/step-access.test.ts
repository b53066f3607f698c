import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { type CoordinateStepHost, openStepAccess } from "../../src/coordinator/step-access.ts";
import { createStepHost } from "./step-host.ts";

const hostOf = (inputs: Readonly<Record<string, string>>): CoordinateStepHost =>
  createStepHost(inputs, { env: { GITHUB_REPOSITORY: "acme/widgets", GITHUB_API_URL: "http://127.0.0.1:1/api" } });

test.each([
  ["ENKI_APP_KEY", "ENKI_APP_ID", { "app-id": "7", token: "t" }],
  ["ENKI_APP_ID", "ENKI_APP_KEY", { "private-key": "k", token: "t" }],
])("without %s, an App that is half set up never works with the token of the job instead", async (missing, given, inputs) => {
  await expect(openStepAccess(hostOf(inputs))).rejects.toThrow(
    `${given} is set and ${missing} is not. Set both in the environment enki, or neither.`,
  );
});

test("a step that hangs fails before GitHub cancels its job, because a cancelled job starts no clock", () => {
  const file = readFileSync(new URL("../../.github/workflows/enki.yml", import.meta.url), "utf8");
  const { jobs } = parse(file) as { jobs: Record<string, { "timeout-minutes": number; steps: { "timeout-minutes"?: number }[] }> };
  const slack = ["gate", "coordinate"].map((name) => {
    const { steps = [], "timeout-minutes": whole = 0 } = jobs[name] ?? {};
    return whole - steps.reduce((sum, step) => sum + (step["timeout-minutes"] ?? Infinity), 0);
  });
  expect(Math.min(...slack)).toBeGreaterThan(0);
});
