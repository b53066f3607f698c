import { readFile } from "node:fs/promises";
import { openLineRedactor } from "../core/policy/secret-stream.ts";
import { EMPTY_BUNDLE, writeBundle } from "./job-bundle.ts";
import { explainUnseenProgram } from "../core/messages/protection-gaps.ts";
import { isInsideDirectory, SHARED_DIRECTORIES } from "../isolation/mount-plan.ts";
import { openStepFence } from "./fence/open-step-fence.ts";
import { prepareCommandEnv } from "./job-environment.ts";
import { runShell, startDeadline } from "./run-shell.ts";
import { type JobSpec, toJobPaths } from "./job-spec.ts";
import type { StepHost } from "./step-host.ts";

const MAX_VERIFY_LOG_LINES = 60;
const MAX_VERIFY_LINE_CHARS = 1_000;

/**
 * Runs the verify commands in order; false if one fails or there are none. The job's conclusion is the verdict; the bundle only carries
 * the log.
 */
export const runVerifyJob = async (host: StepHost): Promise<boolean> => {
  const at = toJobPaths(host.temp);
  // Trusted without validation: prepare wrote this file before any code of the repository could run.
  const spec = JSON.parse(await readFile(at.spec, "utf8")) as JobSpec;
  const lines: string[] = [];
  const shown = openLineRedactor([], (text) => {
    host.log(text);
    if (lines.push(text.slice(0, MAX_VERIFY_LINE_CHARS)) > MAX_VERIFY_LOG_LINES) lines.shift();
  });
  const passed = await runVerifyCommands(host, spec, (text) => shown.line(text));
  shown.end();
  await writeBundle(at.bundle, { ...EMPTY_BUNDLE, end: passed ? "success" : "failed", output: lines.join("\n") });
  return passed;
};

/** The exit codes of a shell that cannot start a program. */
const NOT_STARTED_PATTERN = /^exited with 12[67]$/;

/** The program below a directory that each job has for itself, if the shell did not find it. */
const findUnseenProgram = (command: string, reason: string): string | null => {
  const words = NOT_STARTED_PATTERN.test(reason) ? command.split(/[\s;&|()"']+/) : [];
  return words.find((word) => SHARED_DIRECTORIES.some((directory) => word !== directory && isInsideDirectory(word, directory))) ?? null;
};

const runVerifyCommands = async (host: StepHost, spec: JobSpec, log: (text: string) => void): Promise<boolean> => {
  if (spec.verify.length === 0) {
    log("No verify commands: set `[refinery] verify` in .enki/enki.toml, or fix the file. Nothing lands unverified.");
    return false;
  }
  const fence = await openStepFence(host, []);
  const { workspace: cwd, after } = host;
  // The commands share the time that the coordinator allows for the whole job.
  const deadline = startDeadline(after, spec.timeoutMs);
  try {
    for (const command of spec.verify) {
      log(`$ ${command}`);
      // Commands build on each other's files, but never on what one of them leaves in its home or running.
      const env = prepareCommandEnv(host.env, await fence.createHome());
      const end = await runShell({ command, cwd, env, fence, deadline, after, onLine: (text) => log(`| ${text}`) });
      if (end.end === "passed") continue;
      log(`the command ${end.reason}`);
      const hidden = findUnseenProgram(command, end.reason);
      if (hidden !== null) log(explainUnseenProgram(hidden));
      return false;
    }
    return true;
  } finally {
    deadline.cancel();
    await fence.close();
  }
};
