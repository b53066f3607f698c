import { readFile } from "node:fs/promises";
import { redactSecrets } from "../core/policy/secrets.ts";
import { openLineRedactor } from "../core/policy/secret-stream.ts";
import { EMPTY_BUNDLE, writeBundle } from "./job-bundle.ts";
import { selectVerifyVariables } from "./job-environment.ts";
import { type JobSpec, listPreparation, toJobPaths } from "./job-spec.ts";
import { runVerifyCommands } from "./run-verify-commands.ts";
import type { StepHost } from "./step-host.ts";

const MAX_VERIFY_LOG_LINES = 60;
const MAX_VERIFY_LINE_CHARS = 1_000;

/**
 * Runs the verify commands in order; false if one fails or there are none. The job's conclusion is the verdict; the bundle only carries
 * the log and what failed.
 */
export const runVerifyJob = async (host: StepHost): Promise<boolean> => {
  const at = toJobPaths(host.temp);
  // Trusted without validation: prepare wrote this file before any code of the repository could run.
  const spec = JSON.parse(await readFile(at.spec, "utf8")) as JobSpec;
  const lines: string[] = [];
  const values = Object.values(selectVerifyVariables(host.env, spec));
  const shown = openLineRedactor(values, (text) => {
    host.log(text);
    if (lines.push(text.slice(0, MAX_VERIFY_LINE_CHARS)) > MAX_VERIFY_LOG_LINES) lines.shift();
  });
  const { passed, failures, phases } = await runVerifyCommands(host, spec, shown.write);
  shown.end();
  await writeBundle(at.bundle, {
    ...EMPTY_BUNDLE,
    end: passed ? "success" : "failed",
    output: lines.join("\n"),
    // The names of tests may repeat a value, such as the address of a database.
    failures: failures.map(({ tests, ...failure }) => ({
      ...failure,
      ...(tests && { tests: tests.map((name) => redactSecrets(name, values)) }),
    })),
    phases: [...listPreparation(spec), ...phases],
  });
  return passed;
};
