import { homedir } from "node:os";
import { join } from "node:path";
import { randomInt } from "node:crypto";
import type { Config } from "../core/domain/config.ts";
import { toOneLine } from "../core/messages/escape.ts";
import { copyRepository, deriveCopyName, NO_VERIFY_MESSAGE, listHiddenDirectories, COPY_OWNER } from "./copy-repository.ts";
import { importLandedBranch } from "./import-landed-branch.ts";
import { findAgentCommand } from "./command-line.ts";
import { collectAgentSecrets } from "./agent-secrets.ts";
import { findNamedAgent, prepareAgents } from "./prepare-agents.ts";
import { toPlainComment } from "./plain-comment.ts";
import { findRepository, type FoundRepository } from "./find-repository.ts";
import { type AgentChoice, openMachine } from "./local-machine.ts";
import { CommandError, readOptionsAndWords, UsageError } from "./command-options.ts";
import { openPersonClient } from "./person-client.ts";
import { openProgressView } from "./progress-view.ts";
import { formatRunEnd } from "./run-end.ts";
import { followRun } from "./follow-run.ts";
import { type RunEnd } from "./story-progress.ts";
import { findLinkedWorkflow, type LinkedWorkflow } from "../core/workflow/link-workflow.ts";
import type { TerminalHost } from "./terminal-host.ts";
import { openWorkplace, type CommandWorkplace } from "./command-workplace.ts";

export const runOptions = {
  workflow: { type: "string", value: "<name>", about: "runs this workflow with the words as arguments" },
  yes: { type: "boolean", default: false, about: "approves the plan and every checkpoint without asking" },
  agent: { type: "string", value: "<command line>", about: "claude, codex, gemini, opencode, or any ACP agent" },
  verify: { type: "string", multiple: true, value: "<command>", about: "a command that every change must pass; repeatable" },
} as const;

const MAX_REQUEST_SIZE = 10_000;
const MAX_FIRST_ID = 2 ** 31;
/** A plan, a checkpoint or a question waits for a person. */
const EXIT_UNANSWERED = 3;

/**
 * `enki run "<request>"` and `enki run --workflow <name> "<args>"`: carries out a request in this repository, without GitHub.
 * Exits with 0 if done, 1 if it failed, 3 without an approval or an answer.
 */
export const runRequestCommand = async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
  const { values, words } = readOptionsAndWords(args, runOptions, MAX_REQUEST_SIZE);
  const request = toOneLine(words.join(" "), MAX_REQUEST_SIZE);
  const workflow = values.workflow ?? null;
  if (request === "" && workflow === null) throw new UsageError('what is to be done? enki run "<request>"');
  const named = values.agent === undefined ? null : await findNamedAgent(terminal, values.agent);
  const found = await findRepository(terminal, ".");
  // Without a command that verifies, nothing starts.
  const isNeeded = (config: Config): boolean =>
    (values.verify ?? config.refinery.verify).length > 0 && needsPreparedAgents(config, workflow);
  const { agent, terminal: prepared } = await prepareAgents(terminal, { directory: found.directory, named, isNeeded });
  const place = await openWorkplace(terminal, "enki-run");
  try {
    const asking = { request, workflow, agent, found, verify: values.verify ?? [], yes: values.yes };
    return await carryOutRequest(prepared, place, asking);
  } finally {
    await place.close();
  }
};

type RunCommandInput = {
  readonly request: string;
  /** Null for a planned request. */
  readonly workflow: string | null;
  readonly agent: AgentChoice | null;
  readonly found: FoundRepository;
  readonly verify: readonly string[];
  readonly yes: boolean;
};

const carryOutRequest = async (terminal: TerminalHost, place: CommandWorkplace, asking: RunCommandInput): Promise<number> => {
  const { agent, found, verify, yes } = asking;
  const name = deriveCopyName(found);
  const { directory } = place;
  const machine = await openMachine(terminal, {
    directory,
    port: 0,
    agent: agent && (() => agent),
    verify,
    settings: join(homedir(), ".enki"),
    files: {},
    log: terminal.log,
    hidden: listHiddenDirectories(terminal, found, agent),
    firstId: randomInt(MAX_FIRST_ID),
  });
  place.attachMachine(machine);
  const adopted = await copyRepository(terminal, machine, { directory, from: found.directory, name });
  await requireReady(terminal, adopted.config, asking);
  machine.forge.setSecrets({ owner: COPY_OWNER, name }, await collectAgentSecrets(terminal, adopted.config));
  for (const line of describeUncommitted(found)) terminal.out(`${line}\n`);
  const progress = openProgressView(terminal);
  const person = openPersonClient({ apiUrl: machine.forge.apiUrl, token: adopted.token, owner: COPY_OWNER, name });
  const issue = await person.openIssue(toOneLine(formatIssueTitle(asking), 100), "");
  await person.comment(issue, formatStartCommand(asking));
  const bare = join(directory, "repositories", COPY_OWNER, `${name}.git`);
  const end = await followRun({ terminal, progress, person, issue, bareRepository: bare, approvesAll: yes });
  if (end.end === "refused") throw new CommandError(toPlainComment(end.reason));
  const home = { directory: found.directory, after: terminal.after };
  const branch = end.end === "waits" ? null : await importLandedBranch(adopted, end.execution.id, home);
  if (end.end !== "stopped") place.discardAll();
  for (const line of formatRunEnd(end, {
    branch,
    base: adopted.branch,
    call: formatRepeatCall(asking),
    logs: join(directory, "jobs", "logs"),
  }))
    terminal.out(`${line}\n`);
  return toExitCode(end);
};

const toExitCode = ({ end }: RunEnd): number => (end === "done" ? 0 : end === "waits" ? EXIT_UNANSWERED : 1);

type RequestText = Pick<RunCommandInput, "request" | "workflow">;

const formatIssueTitle = ({ request, workflow }: RequestText): string => [workflow ?? "", request].filter((part) => part !== "").join(": ");

const formatStartCommand = ({ request, workflow }: RequestText): string =>
  workflow === null ? `/enki fix ${request}` : `/enki run ${workflow} ${request}`.trimEnd();

/** The arguments of `enki run` for repeating the request. */
const formatRepeatCall = ({ request, workflow }: RequestText): string =>
  [...(workflow === null ? [] : [`--workflow ${workflow}`]), ...(request === "" ? [] : [JSON.stringify(request)])].join(" ");

/** Checks in advance everything that would otherwise fail later. */
const requireReady = async (terminal: TerminalHost, config: Config, { agent, workflow }: RunCommandInput): Promise<void> => {
  if (config.broken !== null) throw new CommandError(`${config.broken}; enki validate reports all mistakes`);
  const flow = workflow === null ? null : requireWorkflow(config, workflow);
  if (config.refinery.verify.length === 0) throw new CommandError(NO_VERIFY_MESSAGE);
  if (agent || (flow && !needsAgents(flow))) return;
  const { planner, worker } = config.agents;
  for (const { command } of flow ? [worker] : [planner, worker]) if (command !== null) await findAgentCommand(terminal, `'${command}'`);
};

/** Whether the run gets as far as an agent, so that its key and its program are needed. */
const needsPreparedAgents = (config: Config, workflow: string | null): boolean => {
  if (config.broken !== null || workflow === null) return config.broken === null;
  const found = findLinkedWorkflow(config, workflow);
  return found.ok && needsAgents(found.value.flow);
};

const requireWorkflow = (config: Config, name: string): LinkedWorkflow => {
  const found = findLinkedWorkflow(config, name);
  if (found.ok) return found.value.flow;
  throw new CommandError(found.refusal.message.replaceAll("`", ""));
};

const needsAgents = ({ all }: LinkedWorkflow): boolean =>
  [...all.values()].some(({ roles }) => roles.some(({ work }) => work.kind === "agent"));

const describeUncommitted = ({ uncommittedFiles }: FoundRepository): string[] =>
  uncommittedFiles > 0 ? [`What is not committed is left out: ${uncommittedFiles} ${uncommittedFiles === 1 ? "file" : "files"}.`] : [];
