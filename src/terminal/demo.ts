import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openClone } from "../git/clone.ts";
import { branchRef } from "../model/refs.ts";
import { type Play, readPlay } from "../rehearsal/play.ts";
import { findAgent } from "./command-line.ts";
import { type AgentChoice, type Machine, openMachine } from "./machine.ts";
import { CannotError, readNamed, readOptions, readPort } from "./options.ts";
import { openPerson, type Person } from "./person.ts";
import { readFiles, workflowFiles } from "./seed.ts";
import { playMaintainer, type StoryReview } from "./story.ts";
import { summarize, tell } from "./summary.ts";
import type { Terminal } from "./terminal.ts";
import { openWorkplace } from "./workplace.ts";

const OWNER = "demo";
const NAME = "upload-limit";
const MINUTE = 60_000;
const IDENTITY = { name: "maintainer", email: "maintainer@users.noreply.github.com" };
const STORY = {
  title: "Users can't upload files larger than 1MB",
  body: [
    "Uploads of more than 1 MB end with 413, from the browser and from the API.",
    "",
    "Ten megabytes should be possible. The proxy in front of the service has a limit of its own, and the documentation names the old one.",
  ].join("\n"),
  request: "/enki fix",
  limit: 10 * MINUTE,
};

export const demoOptions = {
  once: { type: "boolean", default: false, about: "ends when the story ends, instead of leaving its page open" },
  json: { type: "boolean", default: false, about: "prints what landed as one line of JSON, last; all else goes to stderr" },
  rehearsal: { type: "string", value: "<file>", about: "another file for the rehearsal to play" },
  agent: { type: "string", value: "<command line>", about: "any ACP agent instead of the rehearsal" },
  port: { type: "string", default: "0", value: "<port>", about: "of the page; any that is free where none is given" },
} as const;

type Cast = {
  readonly agent: AgentChoice | null;
  /** What the rehearsal plays, where there is no other agent. */ readonly play: Play | null;
  readonly text: string;
  readonly review: StoryReview | null;
};

/** Who plays; what cannot is refused before anything is started. */
const cast = async (
  terminal: Terminal,
  { agent, rehearsal: file }: { agent?: string | undefined; rehearsal?: string | undefined },
): Promise<Cast> => {
  const own = join(terminal.root, "examples", NAME, "rehearsal.toml");
  const path = agent === undefined ? (file ?? own) : own;
  const text = await readNamed(terminal, path);
  const play = readPlay(path, text);
  if (!play.ok) throw new CannotError(play.refusal.why);
  const review = play.value.review ?? null;
  if (agent !== undefined) return { agent: await findAgent(terminal, agent), play: null, text: "", review };
  return { agent: null, play: play.value, text, review };
};

/** `enki demo`: a whole story on this machine; 0 when it ended well. */
export const demo = async (args: readonly string[], terminal: Terminal): Promise<number> => {
  const values = readOptions(args, demoOptions);
  const port = readPort(values.port);
  const { agent, play, text, review } = await cast(terminal, values);
  const begun = terminal.now();
  const say = (line: string): void => print(`${seconds(terminal.now() - begun).padStart(7)}  ${line}`);
  const print = (line: string): void => (values.json ? terminal.err : terminal.out)(`${line}\n`);
  const place = await openWorkplace(terminal, "enki-demo");
  try {
    const { directory } = place;
    const copy = join(directory, "rehearsal.toml");
    await writeFile(copy, text);
    const machine = await openMachine(terminal, {
      directory,
      port,
      agent: (url) => agent ?? rehearsal(terminal, directory, url),
      verify: [],
      settings: "",
      files: { "rehearsal.toml": copy },
      minutes: play?.minutes ?? {},
      log: (line) => {
        terminal.log(line);
        for (const note of notes(line)) say(`  ${note}`);
      },
    });
    place.uses(machine);
    const person = await seed(terminal, machine, directory);
    print(
      play
        ? "The agent is a rehearsal: it plays a file, no model is at work. Everything else is real."
        : `The agent is ${values.agent ?? ""}.`,
    );
    print(`A GitHub on this machine: ${machine.forge.url}/${OWNER}/${NAME}\n`);
    const end = await playMaintainer({ person, app: machine.app, sleep: sleepOn(terminal), now: terminal.now, say }, { ...STORY, review });
    const summary = await summarize({ terminal, machine, person, owner: OWNER, name: NAME, directory, end, begun });
    tell(summary, end, print);
    if (values.json) terminal.out(`${JSON.stringify(summary)}\n`);
    if (values.once) return summary.ok ? 0 : 1;
    print(`\nIts page stays open: ${summary.url}\nCtrl+C ends it.`);
    await terminal.untilInterrupted();
    return 0;
  } finally {
    await place.close();
  }
};

/** What Enki writes into its ledger, as it is told there; the trace of a fault is for its log. */
const notes = (line: string): string[] => {
  const about = `${OWNER}/${NAME}: `;
  return line.startsWith(about) && !line.includes("\n") ? [line.slice(about.length)] : [];
};

const seconds = (millis: number): string => `${(millis / 1_000).toFixed(1)} s`;

const sleepOn =
  ({ after }: Terminal) =>
  (delay: number): Promise<void> =>
    new Promise((done) => void after(delay, done));

const rehearsal = (terminal: Terminal, directory: string, url: string): AgentChoice => ({
  command: terminal.node,
  args: [join(directory, "installation", "dist", "cli.js"), "rehearse", join(directory, "installation", "rehearsal.toml")],
  // It knows where to push to and what to call, so that more than not knowing stops it.
  env: { REHEARSAL_SERVER: url, REHEARSAL_REPOSITORY: `${OWNER}/${NAME}` },
});

/** The example as a repository on the forge, pushed by a person, with Enki's Actions workflow files in it. */
const seed = async (terminal: Terminal, { forge }: Machine, directory: string): Promise<Person> => {
  const example = join(terminal.root, "examples", NAME);
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
