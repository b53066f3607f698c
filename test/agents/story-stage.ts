import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { PresetName } from "../../src/core/domain/agent-command.ts";
import type { Execution } from "../../src/core/domain/execution.ts";
import { readLocalLedger } from "../../src/cli/local-ledger.ts";
import { makeRepository, openTerminal } from "../cli/stage.ts";
import { after } from "../support/after.ts";
import { toGatewayVariables } from "./real-agent.ts";
import type { ModelScript, ScriptedCall } from "./scripted-model.ts";

const STEPS = [
  { id: "look", title: "Look at the limit", description: "LOOK: find the limit.", role: "researcher", tier: "light" },
  { id: "fix", title: "Raise the limit", description: "RAISE: set the limit to 10.", needs: ["look"] },
];

/** The heading in Enki's prompt for an attempt after a stopped one. */
export const INTERRUPTED_HEADING = "An attempt before this one was interrupted";
/** The heading in that attempt's prompt within the stopped session. */
export const CONTINUED_HEADING = "This is the session of an attempt that was interrupted";

const output = (text: string): ScriptedCall => ({ say: `${text}\n\n[OUTPUT]\n${text}\n[/OUTPUT]` });

const PLANNER: readonly ScriptedCall[] = [
  { write: "planner.txt", content: "evil" },
  { enki: "enki_execution_create", input: { steps: STEPS } },
  { say: "The plan looks, and raises the limit." },
];
const RESEARCHER: readonly ScriptedCall[] = [
  { write: "evil.txt", content: "evil" },
  { shell: "echo evil > evil-shell.txt; echo evil >> limit.txt" },
  output("The limit is 1."),
];
/** Shows the variables of the shell and of every process around it, and the agent's own files. */
const SHOW_KEYS =
  "env; cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'; grep -rs . ~/.codex ~/.claude* ~/.gemini ~/.config | head -c 9000";
/** Writes the file, and reports the new limit. */
export const FIXER_WRITES: readonly ScriptedCall[] = [{ shell: "printf '10\\n' > limit.txt" }, output("The limit is 10.")];
const FIXER: readonly ScriptedCall[] = [{ shell: SHOW_KEYS }, ...FIXER_WRITES];

export type StoryActor = "planner" | "researcher" | "fixer";
const ACTS: Readonly<Record<StoryActor, readonly ScriptedCall[]>> = { planner: PLANNER, researcher: RESEARCHER, fixer: FIXER };

/** Finds the actor of a conversation by the task in its prompt. */
export const findActor = (conversation: string): StoryActor =>
  /## TASK: Look/.test(conversation) ? "researcher" : /## TASK: Raise/.test(conversation) ? "fixer" : "planner";

/** Tells the story with other acts for some of its actors. */
export const tellStory =
  (over: Partial<Record<StoryActor, readonly ScriptedCall[]>> = {}): ModelScript =>
  (conversation, step) => {
    const actor = findActor(conversation);
    return (over[actor] ?? ACTS[actor])[step] ?? { say: "Done." };
  };

export const FIXER_ACTS = FIXER;

/** Sets up a person with a repository, and with an agent's key in the shell. */
export const openStory = (preset: PresetName, { path, url, config = "" }: { path: string; url: string; config?: string }) => {
  const terminal = openTerminal();
  const cwd = join(terminal.root, "own");
  const git = makeRepository(cwd, { "limit.txt": "1\n", ...(config !== "" && { ".enki/enki.toml": config }) });
  const env = { PATH: path, ...toGatewayVariables(preset, url) };
  const args = ["run", "--yes", "--agent", preset, "--verify", 'test "$(wc -l < limit.txt)" = 1', "raise the limit"];
  return { terminal, cwd, git, env, args };
};

/** Finds the branch with the landed work in the last lines of a run. */
export const findLandedBranch = (out: string): string => /^ {2}git merge (enki\/[0-9a-f]{6})$/m.exec(out)?.[1] ?? "";

/** Reads the transcripts of a run, like `enki logs`. */
export const readTranscripts = (cwd: string): string[] =>
  readdirSync(join(cwd, ".enki", "runs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => readFileSync(join(cwd, ".enki", "runs", name), "utf8"));

/** Reads the run's execution from its machine's ledger, during the run or while the run is resumable. */
export const readExecution = async ({ root }: Pick<ReturnType<typeof openTerminal>, "root">): Promise<Execution | undefined> => {
  const [machine = "missing"] = readdirSync(join(root, "tmp")).filter((name) => name.startsWith("enki-run"));
  const ledger = await readLocalLedger({ cwd: join(root, "tmp", machine, "repositories", "local", "own.git"), after });
  return Object.values(ledger?.executions ?? {})[0];
};
