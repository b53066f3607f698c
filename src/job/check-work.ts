import { join } from "node:path";
import type { WorkCheck } from "../core/domain/work-check.ts";
import {
  type FailedCheck,
  formatFailedCheck,
  formatPassedChecks,
  formatStoppedCheck,
  renderCorrectionPrompt,
  UNCHANGED_WORK_NOTE,
  UNCOPIED_WORK_NOTE,
} from "../core/messages/work-check.ts";
import { openLineRedactor } from "../core/policy/secret-stream.ts";
import type { EndedTurn } from "./agent/session-turns.ts";
import type { openAgentTranscript } from "./agent-transcript.ts";
import { copyWork, type WorkCopy } from "./copy-work.ts";
import type { CommandSandbox, NetworkRelay } from "./sandbox/job-sandbox.ts";
import { mayEdit, prepareCommandEnv } from "./job-environment.ts";
import { findComparedCommit, isCommandOnly, type JobSpec } from "./job-spec.ts";
import { runShell, type ShellDeadline, startStoppableDeadline } from "./run-shell.ts";
import type { StepHost } from "./step-host.ts";
import { toTextsFolder } from "./step-texts.ts";
import { listSecrets } from "./work-result.ts";

const MAX_LOG_LINES = 60;
const MAX_LINE_CHARS = 1_000;

export type CheckPlace = {
  /** Opens the sandbox of one check's commands. */
  readonly openSandbox: () => Promise<CommandSandbox>;
  readonly home: string;
  /** The variables of the network's proxy, and the only way to it. */
  readonly proxyVariables: Readonly<Record<string, string>>;
  readonly relay: NetworkRelay | null;
  readonly transcript: Pick<ReturnType<typeof openAgentTranscript>, "note" | "output">;
  /** Whether the agent ended its turn with work to publish. */
  readonly hasWork: (answer: string) => boolean;
};

type CheckRun = Pick<CheckPlace, "home" | "proxyVariables" | "relay" | "transcript"> & {
  readonly host: StepHost;
  readonly spec: JobSpec;
  readonly sandbox: CommandSandbox;
  readonly deadline: ShellDeadline;
};

/** Whether a job checks its own work. */
const isChecked = (spec: JobSpec): spec is JobSpec & Required<Pick<JobSpec, "check">> =>
  spec.check !== undefined && spec.verify.length > 0 && mayEdit(spec) && !isCommandOnly(spec) && spec.step?.output !== "artifact";

/**
 * Runs the verify commands on a copy of the work when an agent ends a turn, and returns the prompt to correct it. Null if the job does not
 * check its work. The outcome is no verdict, because the work can influence it.
 */
export const openWorkCheck = (host: StepHost, spec: JobSpec, place: CheckPlace) => {
  if (!isChecked(spec)) return null;
  const { corrections, timeoutMs } = spec.check;
  const { transcript } = place;
  const failed: string[] = [];
  let [result, tree]: [WorkCheck | null, string] = [null, ""];
  const endTurn = async ({ answer, stop }: EndedTurn): Promise<string | null> => {
    if (!place.hasWork(answer)) return null;
    const deadline = startStoppableDeadline(host.after, timeoutMs, stop);
    const checked = await checkCopy({ ...place, host, spec, sandbox: await place.openSandbox(), deadline }, tree);
    deadline.cancel();
    if (checked === null) return null;
    const { ended } = checked;
    ({ tree } = checked);
    if (ended.end === "failed") failed.push(ended.failure.command);
    result = { failed: [...failed], end: ended.end };
    if (ended.end !== "failed") return null;
    const left = corrections + 1 - failed.length;
    transcript.note(formatFailedCheck(ended.failure, left));
    transcript.output(ended.failure.output);
    return left > 0 ? renderCorrectionPrompt(ended.failure, { nonce: host.nonce, left }) : null;
  };
  return { endTurn, result: (): WorkCheck | null => result };
};

type CheckedCopy = { readonly tree: string; readonly ended: CheckEnd };

/** Runs the commands on a copy of the work; null if there is none, or if it has the tree that the last check saw. */
const checkCopy = async (run: CheckRun, lastTree: string): Promise<CheckedCopy | null> => {
  const copy = await copyWithRights(run);
  if (copy === null) run.transcript.note(UNCOPIED_WORK_NOTE);
  else if (copy.tree === lastTree) run.transcript.note(UNCHANGED_WORK_NOTE);
  else if (!copy.isUnchanged) return { tree: copy.tree, ended: await runCommands(run, copy) };
  return null;
};

const copyWithRights = ({ host, spec, home, sandbox, deadline, relay }: CheckRun): Promise<WorkCopy | null> =>
  copyWork(
    {
      workspace: host.workspace,
      directory: join(home, "enki-check"),
      base: findComparedCommit(spec),
      excluded: toTextsFolder(spec.execution),
      homes: spec.verify.length,
    },
    { env: prepareCommandEnv(host.env, home), sandbox, deadline, after: host.after, ...(relay && { relay }) },
  );

type CheckEnd = { readonly end: "passed" | "unfinished" } | { readonly end: "failed"; readonly failure: FailedCheck };

/** Runs the commands in order, up to the first that fails, as a verify job does. */
const runCommands = async (run: CheckRun, copy: WorkCopy): Promise<CheckEnd> => {
  const { spec, transcript } = run;
  for (const [index, command] of spec.verify.entries()) {
    const { end, reason, output } = await runCommand(run, { command, cwd: copy.directory, home: copy.homes[index] ?? run.home });
    if (end === "failed") return { end, failure: { command, reason, output } };
    if (end === "timed-out") {
      transcript.note(formatStoppedCheck(command));
      return { end: "unfinished" };
    }
  }
  transcript.note(formatPassedChecks(spec.verify));
  return { end: "passed" };
};

type CheckedCommand = { readonly command: string; readonly cwd: string; readonly home: string };

const runCommand = async (run: CheckRun, { command, cwd, home }: CheckedCommand) => {
  const { host, spec, sandbox, deadline, proxyVariables, relay } = run;
  const lines: string[] = [];
  const shown = openLineRedactor(listSecrets(host, spec), (line) => {
    host.log(`| ${line}`);
    if (lines.push(line.slice(0, MAX_LINE_CHARS)) > MAX_LOG_LINES) lines.shift();
  });
  host.log(`$ ${command}`);
  const env = { ...proxyVariables, ...prepareCommandEnv(host.env, home) };
  const shell = { command, cwd, env, sandbox, deadline, after: host.after, onLines: shown.write };
  const ended = await runShell({ ...shell, ...(relay && { relay }) });
  shown.end();
  return { ...ended, output: lines.join("\n") };
};
