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
import type { Terminal } from "./terminal.ts";
import { openWorkplace, type Workplace } from "./workplace.ts";

export const runOptions = {
  yes: { type: "boolean", default: false, about: "approves the plan and every checkpoint without asking" },
  agent: { type: "string", value: "<command line>", about: "the ACP agent; what the configuration says where none is given" },
  verify: { type: "string", multiple: true, value: "<command>", about: "what a change must pass; may be given several times" },
} as const;

const MOST_WORDS = 10_000;
const WIDEST_ID = 2 ** 31;
/** A plan, or a checkpoint, waits for a person. */
const UNAPPROVED = 3;

/** `enki run "<request>"`: a request carried out in the repository here, from plan to result, with no GitHub; 0 done, 1 not, 3 not approved. */
export const run = async (args: readonly string[], terminal: Terminal): Promise<number> => {
  const { values, words } = readCall(args, runOptions, MOST_WORDS);
  const request = oneLine(words.join(" "), MOST_WORDS);
  if (request === "") throw new UsageError('what is to be done? enki run "<request>"');
  const agent = values.agent === undefined ? null : await findAgent(terminal, values.agent);
  const found = await findRepository(terminal, ".");
  const place = await openWorkplace(terminal, "enki-run");
  try {
    const asking = { request, agent, found, verify: values.verify ?? [], yes: values.yes };
    return await perform(terminal, place, asking);
  } finally {
    await place.close();
  }
};

type Asking = {
  readonly request: string;
  readonly agent: AgentChoice | null;
  readonly found: Found;
  readonly verify: readonly string[];
  readonly yes: boolean;
};

const perform = async (terminal: Terminal, place: Workplace, { request, agent, found, verify, yes }: Asking): Promise<number> => {
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
  await checkReady(terminal, adopted.config, agent);
  for (const line of remarks(found)) terminal.out(`${line}\n`);
  const progress = openProgress(terminal);
  const person = openPerson({ apiUrl: machine.forge.apiUrl, token: adopted.token, owner: OWNER, name });
  const issue = await person.openIssue(oneLine(request, 100), "");
  await person.comment(issue, `/enki fix ${request}`);
  const bare = join(directory, "repositories", OWNER, `${name}.git`);
  const end = await followStory({ terminal, progress, person, issue, bare, yes });
  if (end.end === "refused") throw new CannotError(plainComment(end.why));
  const home = { directory: found.directory, after: terminal.after };
  const branch = end.end === "unapproved" ? null : await bringHome(adopted, end.execution.id, home);
  if (end.end !== "stopped") place.forget();
  for (const line of tellEnd(end, { branch, base: adopted.branch, request, logs: join(directory, "jobs", "logs") }))
    terminal.out(`${line}\n`);
  return codeOf(end);
};

const codeOf = ({ end }: StoryEnd): number => (end === "done" ? 0 : end === "unapproved" ? UNAPPROVED : 1);

/** What would be found out only after a while is found out before anything begins. */
const checkReady = async (terminal: Terminal, config: Config, agent: AgentChoice | null): Promise<void> => {
  if (config.broken !== null) throw new CannotError(`${config.broken}; enki validate tells more`);
  if (config.refinery.verify.length === 0) throw new CannotError(NOTHING_VERIFIES);
  if (agent) return;
  for (const { command } of [config.agents.planner, config.agents.worker]) await findAgent(terminal, `'${command}'`);
};

const remarks = ({ uncommitted }: Found): string[] =>
  uncommitted > 0 ? [`What is not committed is left out: ${uncommitted} ${uncommitted === 1 ? "file" : "files"}.`] : [];
