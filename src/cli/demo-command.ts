import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openClone } from "../storage/git/repository-clone.ts";
import { toBranchRef } from "../core/domain/refs.ts";
import { type AgentScript, readAgentScript } from "./scripted-agent/agent-script.ts";
import { findAgentCommand } from "./command-line.ts";
import { type AgentChoice, type LocalMachine, openMachine } from "./local-machine.ts";
import { CommandError, readNamedFile, readOptions, readPort } from "./command-options.ts";
import { openPersonClient, type PersonClient } from "./person-client.ts";
import { readDirectoryFiles, readEnkiWorkflowFiles } from "./repository-files.ts";
import { playMaintainer, type StoryReview } from "./play-maintainer.ts";
import { summarizeDemo, printSummary } from "./demo-summary.ts";
import type { TerminalHost } from "./terminal-host.ts";
import { openWorkplace } from "./command-workplace.ts";
import { MINUTE_MS } from "../core/domain/durations.ts";

const DEMO_OWNER = "demo";
const DEMO_NAME = "upload-limit";
const MAINTAINER_IDENTITY = { name: "maintainer", email: "maintainer@users.noreply.github.com" };
const DEMO_STORY = {
  title: "Users can't upload files larger than 1MB",
  body: [
    "Uploads of more than 1 MB end with 413, from the browser and from the API.",
    "",
    "Ten megabytes should be possible. The proxy in front of the service has a limit of its own, and the documentation names the old one.",
  ].join("\n"),
  request: "/enki fix",
  limit: 10 * MINUTE_MS,
};

export const demoOptions = {
  once: { type: "boolean", default: false, about: "exits after the story instead of keeping the page open" },
  json: { type: "boolean", default: false, about: "prints the result as a last line of JSON; everything else goes to stderr" },
  rehearsal: { type: "string", value: "<file>", about: "plays another file" },
  agent: { type: "string", value: "<command line>", about: "uses an ACP agent instead of the rehearsal" },
  port: { type: "string", default: "0", value: "<port>", about: "port of the page; any free port by default" },
} as const;

type DemoCast = {
  readonly agent: AgentChoice | null;
  /** The script of the rehearsal; null if another agent works. */ readonly play: AgentScript | null;
  readonly text: string;
  readonly review: StoryReview | null;
};

/** Chooses the agent; rejects an unusable choice before anything starts. */
const chooseDemoCast = async (
  terminal: TerminalHost,
  { agent, rehearsal: file }: { agent?: string | undefined; rehearsal?: string | undefined },
): Promise<DemoCast> => {
  const own = join(terminal.root, "examples", DEMO_NAME, "rehearsal.toml");
  const path = agent === undefined ? (file ?? own) : own;
  const text = await readNamedFile(terminal, path);
  const play = readAgentScript(path, text);
  if (!play.ok) throw new CommandError(play.refusal.message);
  const review = play.value.review ?? null;
  if (agent !== undefined) return { agent: await findAgentCommand(terminal, agent), play: null, text: "", review };
  return { agent: null, play: play.value, text, review };
};

/** `enki demo`: plays a whole story on this machine. Success exits with 0. */
export const runDemoCommand = async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
  const values = readOptions(args, demoOptions);
  const port = readPort(values.port);
  const { agent, play, text, review } = await chooseDemoCast(terminal, values);
  const begun = terminal.now();
  const say = (line: string): void => print(`${formatDemoSeconds(terminal.now() - begun).padStart(7)}  ${line}`);
  const print = (line: string): void => (values.json ? terminal.err : terminal.out)(`${line}\n`);
  const place = await openWorkplace(terminal, "enki-demo");
  try {
    const { directory } = place;
    const copy = join(directory, "rehearsal.toml");
    await writeFile(copy, text);
    const machine = await openMachine(terminal, {
      directory,
      port,
      agent: (url) => agent ?? createScriptedChoice(terminal, directory, url),
      verify: [],
      settings: "",
      files: { "rehearsal.toml": copy },
      minutes: play?.minutes ?? {},
      log: (line) => {
        terminal.log(line);
        for (const note of readLedgerNotes(line)) say(`  ${note}`);
      },
    });
    place.attachMachine(machine);
    const person = await createDemoRepository(terminal, machine, directory);
    print(play ? "The agent plays a rehearsal and calls no model. Everything else is real." : `The agent is ${values.agent ?? ""}.`);
    print(`A GitHub on this machine: ${machine.forge.url}/${DEMO_OWNER}/${DEMO_NAME}\n`);
    const end = await playMaintainer(
      { person, app: machine.app, sleep: createSleep(terminal), now: terminal.now, say },
      { ...DEMO_STORY, review },
    );
    const summary = await summarizeDemo({ terminal, machine, person, owner: DEMO_OWNER, name: DEMO_NAME, directory, end, begun });
    printSummary(summary, end, print);
    if (values.json) terminal.out(`${JSON.stringify(summary)}\n`);
    if (values.once) return summary.ok ? 0 : 1;
    print(`\nIts page stays open: ${summary.url}\nCtrl+C ends it.`);
    await terminal.waitForInterrupt();
    return 0;
  } finally {
    await place.close();
  }
};

/** The notes that Enki writes to its ledger, for the screen. Traces of faults stay in the log. */
const readLedgerNotes = (line: string): string[] => {
  const about = `${DEMO_OWNER}/${DEMO_NAME}: `;
  return line.startsWith(about) && !line.includes("\n") ? [line.slice(about.length)] : [];
};

const formatDemoSeconds = (millis: number): string => `${(millis / 1_000).toFixed(1)} s`;

const createSleep =
  ({ after }: TerminalHost) =>
  (delay: number): Promise<void> =>
    new Promise((done) => void after(delay, done));

const createScriptedChoice = (terminal: TerminalHost, directory: string, url: string): AgentChoice => ({
  command: terminal.node,
  args: [join(directory, "installation", "dist", "cli.js"), "rehearse", join(directory, "installation", "rehearsal.toml")],
  // The rehearsal gets the addresses because it tries to break out: the sandbox must stop it, not a missing address.
  env: { REHEARSAL_SERVER: url, REHEARSAL_REPOSITORY: `${DEMO_OWNER}/${DEMO_NAME}` },
});

/** Creates the example repository on the local GitHub with a person's push, including Enki's Actions workflow files. */
const createDemoRepository = async (terminal: TerminalHost, { forge }: LocalMachine, directory: string): Promise<PersonClient> => {
  const example = join(terminal.root, "examples", DEMO_NAME);
  const token = forge.createUser("maintainer");
  await forge.createRepository({ owner: DEMO_OWNER, name: DEMO_NAME });
  forge.setPermission({ owner: DEMO_OWNER, name: DEMO_NAME }, { login: "maintainer", role: "admin" });
  const clone = await openClone({
    url: `${forge.url}/${DEMO_OWNER}/${DEMO_NAME}.git`,
    directory: join(directory, "maintainer.git"),
    token: () => Promise.resolve(token),
    identity: MAINTAINER_IDENTITY,
    after: terminal.after,
  });
  const files = new Map(
    [...(await readDirectoryFiles(example)), ...(await readEnkiWorkflowFiles(terminal.root))].filter(
      ([path]) => !/^rehearsal|^plays\//.test(path),
    ),
  );
  const commit = await clone.writeCommit({
    tree: await clone.writeFiles(null, files),
    parents: [],
    message: "An upload service",
    at: terminal.now(),
  });
  const pushed = await clone.push([{ ref: toBranchRef("main"), oldSha: null, newSha: commit }]);
  if (pushed.kind !== "pushed") throw new Error(`the example could not be pushed: ${pushed.text}`);
  return openPersonClient({ apiUrl: forge.apiUrl, token, owner: DEMO_OWNER, name: DEMO_NAME });
};
