import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { openPromptReceiver } from "../support/prompt-receiver.ts";
import { makeRepository, openTerminal } from "../cli/stage.ts";

const FIXTURES = new URL("../fixtures/", import.meta.url).pathname;

/** Reads a file of the seeds byte for byte. */
export const seed = (path: string): string => readFileSync(join(FIXTURES, "seeds", path), "utf8");

type Act = Readonly<Record<string, unknown>>;

/** The first agent only performs its acts. The others behave as real agents do. */
export type Fixture = "agent.mjs" | "talkative.mjs" | "headless.mjs";

type SeedOptions = {
  readonly program?: string;
  readonly fixture?: Fixture;
  /** Whether the command is a process of its own instead of a function: several side by side then share no process. */
  readonly isProcess?: boolean;
  /** Environment variables of the person. */
  readonly env?: Readonly<Record<string, string>>;
  /** Files in the person's home directory, by relative path. */
  readonly home?: Readonly<Record<string, string>>;
};

/** Adds double quotes, so an act may contain an apostrophe. */
const quote = (word: string): string => `"${word.replaceAll(/["\\]/g, "\\$&")}"`;

/**
 * Opens a repository with an agent that performs the given acts. `OWN` in an act is the repository's path; the agent's program has the given
 * name. Everything between a request and the ledger is real, and GitHub and its runner are local.
 */
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
    /** Runs a request, and returns its output and its ledger. */
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
        /** The branch with the landed work; null if no work landed. */
        branch: /^ {2}git merge (enki\/\S+)$/m.exec(told.out)?.[1] ?? null,
        state: () =>
          json(`executions/${id}/state.json`) as {
            state: string;
            steps: Record<string, { state: string; output: string }>;
            usage?: Record<string, object>;
          },
        artifact: (step: string): string => git("show", `${ref}:artifacts/${id}/${step}.md`),
        /** The messages of the ledger's writes, oldest first: as `writes` in full, as `notes` line by line. */
        writes: (): string[] => git("log", "--reverse", "-z", "--format=%B", ref).split("\0"),
        notes: (): string[] => git("log", "--reverse", "--format=%B", ref).split("\n"),
        prompt: received.prompt,
      };
    },
  };
};
