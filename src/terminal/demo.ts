import { cp, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { openClone } from "../git/clone.ts";
import { git } from "../git/run.ts";
import { branchRef } from "../model/refs.ts";
import { readTrailers } from "../render/commits.ts";
import { parseCommandLine } from "./command-line.ts";
import { type AgentChoice, type Machine, openMachine } from "./machine.ts";
import { openPerson, type Person } from "./person.ts";
import { readFiles, workflowFiles } from "./seed.ts";
import { playMaintainer, type StoryEnd } from "./story.ts";
import type { Terminal } from "./terminal.ts";

const OWNER = "demo";
const NAME = "upload-limit";
const MINUTE = 60_000;
const IDENTITY = { name: "maintainer", email: "maintainer@users.noreply.github.com" };
const STORY = {
  title: "Users can't upload files larger than 1MB",
  body: "Uploads of more than 1 MB end with 413. Ten megabytes should be possible.",
  request: "/enki fix the bug where users can't upload files larger than 1MB",
  limit: 10 * MINUTE,
};

/** What `--json` prints last. */
type Summary = {
  readonly ok: boolean;
  readonly repository: string;
  readonly url: string;
  readonly execution: string;
  readonly base: string;
  readonly landed: readonly { readonly task: string; readonly step: string; readonly commit: string; readonly pull: number }[];
  readonly artifacts: readonly string[];
  readonly requests: { readonly rest: number; readonly pushes: number };
  readonly seconds: number;
};

const OPTIONS = {
  once: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  rehearsal: { type: "string" },
  agent: { type: "string" },
  port: { type: "string", default: "0" },
} as const;

/** `enki demo`: a whole story on this machine; 0 when it ended well. */
export const demo = async (args: readonly string[], terminal: Terminal): Promise<number> => {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const begun = terminal.now();
  const say = (line: string): void => (values.json ? terminal.err : terminal.out)(`${line}\n`);
  const directory = await mkdtemp(join(tmpdir(), "enki-demo-"));
  const example = join(terminal.root, "examples", "upload-limit");
  const play = join(directory, "rehearsal.toml");
  await cp(values.rehearsal === undefined ? join(example, "rehearsal.toml") : resolve(terminal.cwd, values.rehearsal), play);
  const agent: AgentChoice = values.agent === undefined ? rehearsal(terminal, directory) : parseCommandLine(values.agent);
  say(
    values.agent === undefined
      ? "The agent is a rehearsal: it plays a file, no model is at work. Everything else is real."
      : `The agent is ${values.agent}.`,
  );
  const machine = await openMachine(terminal, {
    directory,
    port: Number(values.port),
    agent,
    verify: [],
    settings: "",
    files: { "rehearsal.toml": play },
  });
  const close = once(() => machine.close());
  terminal.interrupted(close);
  try {
    const person = await seed(terminal, machine, { directory, example });
    say(`${machine.forge.url}/${OWNER}/${NAME}`);
    const sleep = (delay: number): Promise<void> => new Promise((done) => void terminal.after(delay, done));
    const end = await playMaintainer({ person, app: machine.app, sleep, now: terminal.now, say }, STORY);
    const summary = await summarize({ terminal, machine, person, directory, end, begun });
    tell({ summary, end, json: values.json, terminal, say });
    if (!values.once) await terminal.untilInterrupted(`The page stays open: ${summary.url} (Ctrl+C ends it)\n`);
    return summary.ok ? 0 : 1;
  } finally {
    await close();
  }
};

const once = (call: () => Promise<void>): (() => Promise<void>) => {
  let running: Promise<void> | null = null;
  return () => (running ??= call());
};

const rehearsal = (terminal: Terminal, directory: string): AgentChoice => ({
  command: terminal.node,
  args: [join(directory, "installation", "dist", "cli.js"), "rehearse", join(directory, "installation", "rehearsal.toml")],
});

/** The example as a repository on the forge, pushed by a person, with Enki's Actions workflow files in it. */
const seed = async (
  terminal: Terminal,
  { forge }: Machine,
  { directory, example }: { directory: string; example: string },
): Promise<Person> => {
  const token = forge.createUser("maintainer");
  await forge.createRepository({ owner: OWNER, name: NAME });
  forge.setPermission({ owner: OWNER, name: NAME }, { login: "maintainer", role: "admin" });
  const clone = await openClone({
    url: `${forge.url}/${OWNER}/${NAME}.git`,
    directory: join(directory, "maintainer.git"),
    token: () => Promise.resolve(token),
    identity: IDENTITY,
    after: terminal.after,
  });
  const files = new Map(
    [...(await readFiles(example)), ...(await workflowFiles(terminal.root))].filter(([path]) => !/^rehearsal|^plays\//.test(path)),
  );
  const commit = await clone.writeCommit({
    tree: await clone.writeFiles(null, files),
    parents: [],
    message: "An upload service",
    at: terminal.now(),
  });
  const pushed = await clone.push([{ ref: branchRef("main"), from: null, to: commit }]);
  if (pushed.kind !== "pushed") throw new Error(`the example could not be pushed: ${pushed.text}`);
  return openPerson({ apiUrl: forge.apiUrl, token, owner: OWNER, name: NAME });
};

type Summarizing = {
  readonly terminal: Terminal;
  readonly machine: Machine;
  readonly person: Person;
  readonly directory: string;
  readonly end: StoryEnd;
  readonly begun: number;
};

const summarize = async ({ terminal, machine, person, directory, end, begun }: Summarizing): Promise<Summary> => {
  const repository = join(directory, "repositories", OWNER, `${NAME}.git`);
  const at = { directory: repository, after: terminal.after };
  const pulls = await person.pulls();
  const log = await git(at, ["log", "--first-parent", "--reverse", "-z", "--format=%H%n%B", "main"]);
  const landed = log.split("\0").flatMap((entry) => {
    const trailers = readTrailers(entry.slice(41));
    if (!trailers) return [];
    const pull = pulls.find(({ head }) => head.ref === `task/${trailers.task}`)?.number ?? 0;
    return [{ task: trailers.task, step: trailers.task.slice(trailers.execution.length + 1), commit: entry.slice(0, 40), pull }];
  });
  const listed = await git(at, ["ls-tree", "-r", "--name-only", "refs/enki/ledger", "artifacts/"]).catch(() => "");
  return {
    ok: end.end === "done" && landed.length > 0,
    repository,
    url: `${machine.forge.url}/${OWNER}/${NAME}`,
    execution: end.execution,
    base: "main",
    landed,
    artifacts: listed.split("\n").filter((path) => path !== ""),
    requests: machine.counts(),
    seconds: Math.round((terminal.now() - begun) / 100) / 10,
  };
};

type Telling = {
  readonly summary: Summary;
  readonly end: StoryEnd;
  readonly json: boolean;
  readonly terminal: Terminal;
  readonly say: (line: string) => void;
};

const tell = ({ summary, end, json, terminal, say }: Telling): void => {
  for (const { step, commit, pull } of summary.landed) say(`landed ${commit.slice(0, 12)} ${step} (#${pull})`);
  if (!summary.ok) say(`It did not end well (${end.end}). The last that Enki said:\n\n${end.last}`);
  else say(`All of it landed in ${summary.seconds} s. git -C ${summary.repository} log --graph main`);
  if (json) terminal.out(`${JSON.stringify(summary)}\n`);
};
