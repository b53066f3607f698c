import { homedir } from "node:os";
import { join } from "node:path";
import { randomInt } from "node:crypto";
import type { Config } from "../model/config.ts";
import { oneLine } from "../render/escape.ts";
import { adopt, nameOf, NOTHING_VERIFIES, outOfSight, OWNER } from "./adopt.ts";
import { bringHome } from "./bring-home.ts";
import { findAgent } from "./command-line.ts";
import { plainComment } from "./comment-text.ts";
import { findRepository, type Found } from "./find-repository.ts";
import { type AgentChoice, openMachine } from "./machine.ts";
import { CannotError, readCall, UsageError } from "./options.ts";
import { openPerson } from "./person.ts";
import { openProgress } from "./progress.ts";
import { tellEnd } from "./run-end.ts";
import { followStory, type StoryEnd } from "./run-story.ts";
import { findFlow, type Flow } from "../workflow/open-flow.ts";
import type { Terminal } from "./terminal.ts";
import { openWorkplace, type Workplace } from "./workplace.ts";

export const runOptions = {
  workflow: { type: "string", value: "<name>", about: "carries out this workflow; the words are what it is given" },
  yes: { type: "boolean", default: false, about: "approves the plan and every checkpoint without asking" },
  agent: { type: "string", value: "<command line>", about: "the ACP agent; what the configuration says where none is given" },
  verify: { type: "string", multiple: true, value: "<command>", about: "what a change must pass; may be given several times" },
} as const;

const MOST_WORDS = 10_000;
const WIDEST_ID = 2 ** 31;
/** A plan, a checkpoint or a question waits for a person. */
const UNANSWERED = 3;

/**
 * `enki run "<request>"`, `enki run --workflow <name> "<args>"`: carried out in the repository here, from plan to result, with no GitHub.
 * 0 done, 1 not, 3 not approved or not answered.
 */
export const run = async (args: readonly string[], terminal: Terminal): Promise<number> => {
  const { values, words } = readCall(args, runOptions, MOST_WORDS);
  const request = oneLine(words.join(" "), MOST_WORDS);
  const workflow = values.workflow ?? null;
  if (request === "" && workflow === null) throw new UsageError('what is to be done? enki run "<request>"');
  const agent = values.agent === undefined ? null : await findAgent(terminal, values.agent);
  const found = await findRepository(terminal, ".");
  const place = await openWorkplace(terminal, "enki-run");
  try {
    const asking = { request, workflow, agent, found, verify: values.verify ?? [], yes: values.yes };
    return await perform(terminal, place, asking);
  } finally {
    await place.close();
  }
};

type Asking = {
  readonly request: string;
  /** Null for a request that is planned. */
  readonly workflow: string | null;
  readonly agent: AgentChoice | null;
  readonly found: Found;
  readonly verify: readonly string[];
  readonly yes: boolean;
};

const perform = async (terminal: Terminal, place: Workplace, asking: Asking): Promise<number> => {
  const { agent, found, verify, yes } = asking;
  const name = nameOf(found);
  const { directory } = place;
  const machine = await openMachine(terminal, {
    directory,
    port: 0,
    agent: agent && (() => agent),
    verify,
    settings: join(homedir(), ".enki"),
    files: {},
    log: terminal.log,
    hidden: outOfSight(terminal, found, agent),
    firstId: randomInt(WIDEST_ID),
  });
  place.uses(machine);
  const adopted = await adopt(terminal, machine, { directory, from: found.directory, name });
  await checkReady(terminal, adopted.config, asking);
  for (const line of remarks(found)) terminal.out(`${line}\n`);
  const progress = openProgress(terminal);
  const person = openPerson({ apiUrl: machine.forge.apiUrl, token: adopted.token, owner: OWNER, name });
  const issue = await person.openIssue(oneLine(titleOf(asking), 100), "");
  await person.comment(issue, commandOf(asking));
  const bare = join(directory, "repositories", OWNER, `${name}.git`);
  const end = await followStory({ terminal, progress, person, issue, bare, yes });
  if (end.end === "refused") throw new CannotError(plainComment(end.why));
  const home = { directory: found.directory, after: terminal.after };
  const branch = end.end === "waits" ? null : await bringHome(adopted, end.execution.id, home);
  if (end.end !== "stopped") place.forget();
  for (const line of tellEnd(end, { branch, base: adopted.branch, call: callOf(asking), logs: join(directory, "jobs", "logs") }))
    terminal.out(`${line}\n`);
  return codeOf(end);
};

const codeOf = ({ end }: StoryEnd): number => (end === "done" ? 0 : end === "waits" ? UNANSWERED : 1);

type Asked = Pick<Asking, "request" | "workflow">;

const titleOf = ({ request, workflow }: Asked): string => [workflow ?? "", request].filter((part) => part !== "").join(": ");

const commandOf = ({ request, workflow }: Asked): string =>
  workflow === null ? `/enki fix ${request}` : `/enki run ${workflow} ${request}`.trimEnd();

/** What follows `enki run` to ask for the same again. */
const callOf = ({ request, workflow }: Asked): string =>
  [...(workflow === null ? [] : [`--workflow ${workflow}`]), ...(request === "" ? [] : [JSON.stringify(request)])].join(" ");

/** What would be found out only after a while is found out before anything begins. */
const checkReady = async (terminal: Terminal, config: Config, { agent, workflow }: Asking): Promise<void> => {
  if (config.broken !== null) throw new CannotError(`${config.broken}; enki validate tells more`);
  const flow = workflow === null ? null : flowOf(config, workflow);
  if (config.refinery.verify.length === 0) throw new CannotError(NOTHING_VERIFIES);
  if (agent || (flow && !asksAgents(flow))) return;
  const { planner, worker } = config.agents;
  for (const { command } of flow ? [worker] : [planner, worker]) await findAgent(terminal, `'${command}'`);
};

const flowOf = (config: Config, name: string): Flow => {
  const found = findFlow(config, name);
  if (found.ok) return found.value.flow;
  throw new CannotError(found.refusal.why.replaceAll("`", ""));
};

const asksAgents = ({ all }: Flow): boolean => [...all.values()].some(({ roles }) => roles.some(({ work }) => work.kind === "agent"));

const remarks = ({ uncommitted }: Found): string[] =>
  uncommitted > 0 ? [`What is not committed is left out: ${uncommitted} ${uncommitted === 1 ? "file" : "files"}.`] : [];
