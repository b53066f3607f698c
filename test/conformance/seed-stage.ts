import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { openPromptReceiver } from "../support/prompt-receiver.ts";
import { makeRepository, openTerminal } from "../cli/stage.ts";

const FIXTURES = new URL("../fixtures/", import.meta.url).pathname;

/** A file of the seeds, byte for byte. */
export const seed = (path: string): string => readFileSync(join(FIXTURES, "seeds", path), "utf8");

type Act = Readonly<Record<string, unknown>>;

/** An agent that says and does what it is told and nothing else, or one that behaves as real ones do. */
export type Fixture = "agent.mjs" | "talkative.mjs" | "headless.mjs";

type SeedOptions = {
  readonly program?: string;
  readonly fixture?: Fixture;
  /** Whether the command is a process of its own instead of a function: several side by side then share no process. */
  readonly isProcess?: boolean;
  /** The person's own variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Files in the person's home, by path relative to it. */
  readonly home?: Readonly<Record<string, string>>;
};

/** Double quotes, so that an act may hold an apostrophe. */
const quote = (word: string): string => `"${word.replaceAll(/["\\]/g, "\\$&")}"`;

/** A repository, and an agent that does these acts, where `OWN` stands for the repository's path, by the name of this program: everything between a request and the ledger is real, GitHub and its runner on this machine. */
export const openSeeds = (
  files: Readonly<Record<string, string>>,
  acts: readonly Act[],
  { program = "agent", fixture = "agent.mjs", isProcess = false, env = {}, home = {} }: SeedOptions = {},
) => {
  const terminal = openTerminal();
  const cwd = join(terminal.root, "own");
  for (const [path, text] of Object.entries(home)) {
    mkdirSync(dirname(join(terminal.root, "home", path)), { recursive: true });
    writeFileSync(join(terminal.root, "home", path), text);
  }
  const receiver = openPromptReceiver();
  const git = makeRepository(cwd, { "limit.txt": "1\n", ...files });
  const agentFile = join(terminal.root, program, "index.mjs");
  mkdirSync(join(terminal.root, program));
  copyFileSync(join(FIXTURES, fixture), agentFile);
  const createAgent = async (): Promise<string> => {
    const { url } = await receiver;
    const words = [process.execPath, agentFile, ...[{ promptTo: url }, ...acts].map((act) => JSON.stringify(act).replaceAll("OWN", cwd))];
    return words.map(quote).join(" ");
  };
  return {
    terminal,
    git,
    /** Carries a request out; gives what was said, and its ledger. */
    run: async (...args: string[]) => {
      const told = await terminal[isProcess ? "run" : "call"](
        ["run", "--yes", "--agent", await createAgent(), "--verify", "true", ...args],
        { cwd, env },
      );
      const received = await receiver;
      const [, id = ""] = /enki graph ([0-9a-f]{6})$/m.exec(told.out) ?? [];
      const ref = `refs/enki/runs/${id}`;
      const json = (path: string): unknown => JSON.parse(git("show", `${ref}:${path}`));
      return {
        ...told,
        id,
        /** Where what landed is; nothing where nothing did. */
        branch: /^ {2}git merge (enki\/\S+)$/m.exec(told.out)?.[1] ?? null,
        state: () =>
          json(`executions/${id}/state.json`) as {
            state: string;
            steps: Record<string, { state: string; output: string }>;
            usage?: Record<string, object>;
          },
        artifact: (step: string): string => git("show", `${ref}:artifacts/${id}/${step}.md`),
        /** What each write of the ledger wrote down, in their order; and that line by line. */
        writes: (): string[] => git("log", "--reverse", "-z", "--format=%B", ref).split("\0"),
        notes: (): string[] => git("log", "--reverse", "--format=%B", ref).split("\n"),
        prompt: received.prompt,
      };
    },
  };
};
