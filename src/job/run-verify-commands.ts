import { isInsideDirectory, SHARED_DIRECTORIES } from "../isolation/mount-plan.ts";
import { type CheckFailure, MAX_FAILED_COMMANDS, MAX_FAILED_TESTS } from "../core/domain/flaky-check.ts";
import { explainRepeat } from "../core/messages/flaky-text.ts";
import { explainUnseenProgram } from "../core/messages/protection-gaps.ts";
import type { JobPhase } from "../core/telemetry/job-spans.ts";
import { mayRepeatCommand } from "../core/refinery/flaky-checks.ts";
import type { JobSandbox } from "./sandbox/job-sandbox.ts";
import { openStepSandbox } from "./sandbox/open-step-sandbox.ts";
import { prepareCommandEnv, selectVerifyVariables } from "./job-environment.ts";
import type { JobSpec } from "./job-spec.ts";
import { readWrittenReports, stampReports } from "./read-test-reports.ts";
import { runShell, type ShellDeadline, type ShellResult, startDeadline } from "./run-shell.ts";
import type { StepHost } from "./step-host.ts";

/** The exit codes of a shell that cannot start a program. */
const NOT_STARTED_PATTERN = /^exited with 12[67]$/;

/** The program below a directory that each job has for itself, if the shell did not find it. */
const findUnseenProgram = (command: string, reason: string): string | null => {
  const words = NOT_STARTED_PATTERN.test(reason) ? command.split(/[\s;&|()"']+/) : [];
  return words.find((word) => SHARED_DIRECTORIES.some((directory) => word !== directory && isInsideDirectory(word, directory))) ?? null;
};

/** Whether every command passed, at the latest when it was repeated; `failures` holds the red runs, `phases` every run. */
export type VerifyEnd = { readonly passed: boolean; readonly failures: readonly CheckFailure[]; readonly phases: readonly JobPhase[] };

type VerifyRun = {
  readonly host: StepHost;
  readonly spec: JobSpec;
  readonly sandbox: JobSandbox;
  readonly deadline: ShellDeadline;
  readonly log: (lines: readonly string[]) => void;
  readonly phases: JobPhase[];
};

/** Runs the verify commands in order, up to the first that stays red. Known flakes are repeated once. */
export const runVerifyCommands = async (host: StepHost, spec: JobSpec, log: (lines: readonly string[]) => void): Promise<VerifyEnd> => {
  if (spec.verify.length === 0) {
    log(["No verify commands: set `[refinery] verify` in .enki/enki.toml, or fix the file. Nothing lands unverified."]);
    return { passed: false, failures: [], phases: [] };
  }
  const sandbox = await openStepSandbox(host, []);
  // The commands share the time that the coordinator allows for the whole job.
  const deadline = startDeadline(host.after, spec.timeoutMs);
  try {
    const failures: CheckFailure[] = [];
    const phases: JobPhase[] = [];
    for (const command of spec.verify) {
      const failure = await verifyWith({ host, spec, sandbox, deadline, log, phases }, command);
      if (failure && failures.length < MAX_FAILED_COMMANDS) failures.push(failure);
      if (failure && !failure.passedAgain) return { passed: false, failures, phases };
    }
    return { passed: true, failures, phases };
  } finally {
    deadline.cancel();
    await sandbox.close();
  }
};

/** Runs one command; null if it passed at once. */
const verifyWith = async (run: VerifyRun, command: string): Promise<CheckFailure | null> => {
  const first = await runOnce(run, command);
  if (first.end === "passed") return null;
  const mayRepeat = first.end === "failed" && mayRepeatCommand(run.spec.repeat?.flakes ?? [], command, first.tests);
  if (!mayRepeat) return toFailure(command, first.tests, false);
  run.log([explainRepeat(first.tests)]);
  const second = await runOnce(run, command);
  return second.end === "passed" ? toFailure(command, first.tests, true) : toFailure(command, second.tests, false);
};

const toFailure = (command: string, tests: readonly string[] | undefined, passedAgain: boolean): CheckFailure => ({
  command,
  passedAgain,
  ...(tests && { tests: tests.slice(0, MAX_FAILED_TESTS) }),
});

type CommandEnd = Pick<ShellResult, "end"> & { readonly tests: readonly string[] | undefined };

/** Null if the command was stopped. */
const readExitCode = (reason: string): number | null => {
  const [, code] = /^exited with (\d{1,3})$/.exec(reason) ?? [];
  return code === undefined ? null : Number(code);
};

const runOnce = async ({ host, spec, sandbox, deadline, log, phases }: VerifyRun, command: string): Promise<CommandEnd> => {
  const { workspace, after, now } = host;
  const before = await stampReports(workspace, spec.testReports);
  log([`$ ${command}`]);
  // Commands build on each other's files, but never on what one of them leaves in its home or running.
  const env = { ...selectVerifyVariables(host.env, spec), ...prepareCommandEnv(host.env, await sandbox.createHome()) };
  const onLines = (lines: readonly string[]): void => log(lines.map((line) => `| ${line}`));
  const from = now();
  const { end, reason } = await runShell({ command, cwd: workspace, env, sandbox, deadline, after, onLines });
  phases.push({ kind: "command", from, to: now(), passed: end === "passed", exitCode: readExitCode(reason) });
  if (end === "passed") return { end, tests: undefined };
  log([`the command ${reason}`]);
  const hidden = findUnseenProgram(command, reason);
  if (hidden !== null) log([explainUnseenProgram(hidden)]);
  const written = { workspace, before, after: await stampReports(workspace, spec.testReports) };
  return { end, tests: await readWrittenReports(sandbox, written) };
};
