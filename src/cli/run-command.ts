import { join } from "node:path";
import { randomBytes, randomInt } from "node:crypto";
import { toOneLine } from "../core/messages/escape.ts";
import {
  copyRepository,
  deriveCopyName,
  describeSubmodules,
  readCopyConfig,
  listHiddenDirectories,
  COPY_OWNER,
} from "./copy-repository.ts";
import { collectAgentSecrets } from "./agent-secrets.ts";
import { findHome } from "./find-home.ts";
import { findNamedAgent, prepareAgents } from "./prepare-agents.ts";
import type { Config } from "../core/domain/config.ts";
import { findRepository, type FoundRepository } from "./find-repository.ts";
import { explainBrokenConfig } from "./effective-layers.ts";
import { chooseVerify } from "./choose-verify.ts";
import { type LocalMachine, type MachineOptions, openMachine } from "./local-machine.ts";
import { CommandError, readOptionsAndWords, UsageError } from "./command-options.ts";
import { openProtectionNotice } from "./protection-notice.ts";
import type { TerminalHost } from "./terminal-host.ts";
import { formatStillRunning, openLastingWorkplace, openWorkplaceAt, type CommandWorkplace } from "./command-workplace.ts";
import { copyUncommittedSettings, describeUncommitted } from "./uncommitted-settings.ts";
import { carryOutRun } from "./carry-out-run.ts";
import { needsPreparedAgents, requireReady } from "./run-request.ts";
import { discardPlan } from "./discard-plan.ts";
import { findKeptPlan, findResumable } from "./find-resumable.ts";
import type { RunRecord } from "./machine-records.ts";

export const runOptions = {
  workflow: { type: "string", value: "<name>", about: "runs this workflow with the words as arguments" },
  yes: { type: "boolean", default: false, about: "approves the plan and every checkpoint without asking" },
  agent: { type: "string", value: "<command line>", about: "claude, codex, gemini, opencode, or any ACP agent" },
  verify: { type: "string", multiple: true, value: "<command>", about: "a command that every change must pass; repeatable" },
  json: { type: "boolean", default: false, about: "prints each change as a line of JSON" },
  resume: { type: "boolean", default: false, about: "continues an interrupted run; name its execution if there are several" },
  no: { type: "boolean", default: false, about: "with --resume: discards the plan that waits for an approval" },
} as const;

const MAX_REQUEST_SIZE = 10_000;
const MAX_FIRST_ID = 2 ** 31;
const RECORD_ID_BYTES = 6;

/**
 * `enki run "<request>"` and `enki run --workflow <name> "<args>"`: carries out a request in this repository, without GitHub.
 * `enki run --resume` continues an interrupted run. Exits with 0 if done, 1 if it failed, 3 without an approval or an answer.
 */
export const runRequestCommand = async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
  const { values, words } = readOptionsAndWords(args, runOptions, MAX_REQUEST_SIZE);
  const request = toOneLine(words.join(" "), MAX_REQUEST_SIZE);
  if (values.no) return refusePlan(terminal, request, values);
  if (values.resume) return resumeRun(terminal, { named: request, yes: values.yes, isJson: values.json });
  const workflow = values.workflow ?? null;
  if (request === "" && workflow === null) throw new UsageError('say what to do: enki run "<request>"');
  const named = values.agent === undefined ? null : await findNamedAgent(terminal, values.agent);
  const found = await findRepository(terminal, ".");
  const broken = await explainBrokenConfig(terminal);
  if (broken !== null) throw new CommandError(broken);
  const { commands: verify, notice } = await chooseVerify(terminal, found, values.verify);
  // Without a command that verifies, nothing starts.
  const isNeeded = (config: Config): boolean =>
    (verify.length > 0 || config.refinery.verify.length > 0) && needsPreparedAgents(config, workflow);
  const { agent, terminal: prepared } = await prepareAgents(terminal, { directory: found.directory, named, isNeeded });
  const place = await openLastingWorkplace(terminal, "enki-run");
  const { yes } = values;
  if (!values.json) terminal.out(notice);
  const run = { request, workflow, agent, verify, yes, issue: null, execution: null, landedBranch: null, isKeptPlan: false };
  try {
    return await startRun(prepared, place, { found, run, isJson: values.json });
  } finally {
    await place.close();
  }
};

type StartedRun = { readonly found: FoundRepository; readonly run: RunRecord };

const startRun = async (
  terminal: TerminalHost,
  place: CommandWorkplace,
  { found, run, isJson }: StartedRun & { readonly isJson: boolean },
): Promise<number> => {
  const name = deriveCopyName(found);
  const { directory } = place;
  await copyUncommittedSettings(found, join(directory, "uncommitted"));
  const machine = await openRunMachine(terminal, place, { found, run, port: 0 });
  const { branch, commit, config, token } = await copyRepository(terminal, machine, { directory, from: found.directory, name });
  await requireReady(terminal, config, run);
  machine.forge.setSecrets({ owner: COPY_OWNER, name }, await collectAgentSecrets(terminal, { ...config, chosen: run.agent }));
  if (!isJson) for (const line of [...describeUncommitted(found, "left out"), ...describeSubmodules(found)]) terminal.out(`${line}\n`);
  const { url, apiUrl } = machine.forge;
  return carryOutRun(terminal, place, {
    kind: "run",
    id: randomBytes(RECORD_ID_BYTES).toString("hex"),
    repository: found.directory,
    directory,
    owner: COPY_OWNER,
    name,
    branch,
    start: commit,
    url,
    apiUrl,
    token,
    pid: process.pid,
    run,
    isJson,
    expectJobs: machine.expectJobs,
  });
};

type RunMachine = StartedRun & Pick<MachineOptions, "port" | "prepare">;

const openRunMachine = async (
  terminal: TerminalHost,
  place: CommandWorkplace,
  { found, run, port, prepare }: RunMachine,
): Promise<LocalMachine> => {
  const { agent, verify } = run;
  const { directory } = place;
  const printProtectionGaps = openProtectionNotice(terminal);
  const machine = await openMachine(terminal, {
    directory,
    port,
    agent: agent && (() => agent),
    verify,
    settings: join(findHome(terminal), ".enki"),
    uncommitted: join(directory, "uncommitted"),
    files: {},
    log: terminal.log,
    hidden: listHiddenDirectories(terminal, found, agent),
    firstId: randomInt(MAX_FIRST_ID),
    ...(prepare && { prepare }),
  });
  place.attachMachine(machine);
  await printProtectionGaps();
  return machine;
};

const resumeRun = async (
  terminal: TerminalHost,
  { named, yes, isJson }: { named: string; yes: boolean; isJson: boolean },
): Promise<number> => {
  const found = await findRepository(terminal, ".");
  const asked = await findResumable(terminal, found, named);
  const isNeeded = (config: Config): boolean => needsPreparedAgents(config, asked.run.workflow);
  const { terminal: prepared } = await prepareAgents(terminal, { directory: found.directory, named: asked.run.agent, isNeeded });
  const place = await openWorkplaceAt(terminal, asked.directory);
  place.keepResumable();
  try {
    // Another process may have continued the run before this one had the directory to itself.
    const record = await findResumable(terminal, found, asked.run.execution ?? named);
    const run = { ...record.run, yes: yes || record.run.yes, isKeptPlan: false };
    const repository = { owner: record.owner, name: record.name };
    const giveSecrets = async ({ forge }: Pick<LocalMachine, "forge">): Promise<void> =>
      forge.setSecrets(
        repository,
        await collectAgentSecrets(prepared, { ...(await readCopyConfig(prepared, { forge }, record)), chosen: run.agent }),
      );
    const port = Number(new URL(record.url).port);
    const machine = await openAtSamePort(prepared, place, { found, run, port, prepare: giveSecrets });
    const { url, apiUrl } = machine.forge;
    await machine.resume(repository);
    return await carryOutRun(prepared, place, { ...record, run, url, apiUrl, pid: process.pid, isJson, expectJobs: machine.expectJobs });
  } finally {
    await place.close();
  }
};

/** `enki run --resume --no`: discards a plan that nobody could approve. */
const refusePlan = async (
  terminal: TerminalHost,
  named: string,
  { resume, yes, json }: { readonly resume: boolean; readonly yes: boolean; readonly json: boolean },
): Promise<number> => {
  if (!resume) throw new UsageError("--no needs --resume");
  if (yes) throw new UsageError("--yes and --no contradict each other");
  const plan = await findKeptPlan(terminal, await findRepository(terminal, "."), named);
  if (!(await discardPlan(terminal, plan))) throw new CommandError(formatStillRunning(plan));
  const { execution } = plan.run;
  const end = { kind: "end", execution, end: "discarded", branch: null, base: plan.branch };
  terminal.out(json ? `${JSON.stringify(end)}\n` : `The plan ${execution ?? ""} is discarded, so nothing runs.\n`);
  return 0;
};

/** Reuses the port of the earlier process, because existing texts link to it. */
const openAtSamePort = async (terminal: TerminalHost, place: CommandWorkplace, options: RunMachine): Promise<LocalMachine> => {
  try {
    return await openRunMachine(terminal, place, options);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EADDRINUSE")) throw error;
    return openRunMachine(terminal, place, { ...options, port: 0 });
  }
};
