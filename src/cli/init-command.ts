import { detectProject } from "../core/setup/detect-project.ts";
import { readOrigin } from "../core/setup/generated-file.ts";
import { CONFIG_PATH, COORDINATOR_WORKFLOW_PATH, renderSetUp, type SetUpChoices, STEP_WORKFLOW_PATH } from "../core/setup/plan-set-up.ts";
import { type PresentChoices, readPresentChoices } from "../core/setup/present-choices.ts";
import { runGit } from "../storage/git/run-git.ts";
import { CommandError, readOptions } from "./command-options.ts";
import { findRepository } from "./find-repository.ts";
import { openProgressView } from "./progress-view.ts";
import { type AskQuestion, chooseSetUp, isOnServer } from "./set-up/choose-set-up.ts";
import { describeNextSteps, describeProject } from "./set-up/describe-set-up.ts";
import { fetchBase, openSetUpPull, pushSetUpBranch, type SetUpBase } from "./set-up/open-set-up-pull.ts";
import { formatDiff, hashText, type PlannedFile, planFiles, writePlannedFiles } from "./set-up/planned-files.ts";
import { type OwnRepository, readOwnRepository } from "./set-up/read-repository-facts.ts";
import { chooseJobs } from "./set-up/read-jobs-section.ts";
import { readShippedFiles } from "./set-up/shipped-files.ts";
import { type LedgerKeyRequest, storeLedgerKey } from "./set-up/store-ledger-key.ts";
import type { TerminalHost } from "./terminal-host.ts";
import { EXIT_WAITS } from "./exit-codes.ts";

export const initOptions = {
  "dry-run": { type: "boolean", default: false, about: "shows what would be written, and writes nothing" },
  yes: { type: "boolean", default: false, about: "takes what was detected, and asks nothing" },
  replace: { type: "boolean", default: false, about: "with --yes: also discards changes that a person made to generated files" },
  "pull-request": { type: "boolean", default: false, about: "pushes a branch and opens a pull request, instead of writing files" },
  app: { type: "boolean", default: false, about: "for a GitHub App that you run; without it, jobs of the repository do everything" },
  vendor: { type: "boolean", default: false, about: "copies Enki's action into .github/enki, so that jobs use no other repository" },
  "repository-secret": {
    type: "boolean",
    default: false,
    about: "keeps the key in a secret of the repository; private repositories on GitHub Free have no environments",
  },
  "ledger-key": { type: "boolean", default: false, about: "creates the key that signs the ledger, and stores it as a secret with gh" },
  agent: { type: "string", value: "<name or command line>", about: "the agent: claude, codex, gemini, opencode, or a command line" },
  verify: { type: "string", multiple: true, value: "<command>", about: "a command that every change must pass; repeatable" },
} as const;

/** `enki init`: detects the project, and writes Enki's configuration and workflow files. */
export const runInitCommand = async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
  const values = readOptions(args, initOptions);
  const own = await readOwnRepository(terminal, await findRepository(terminal, "."));
  const project = detectProject(own.facts);
  for (const line of describeProject(own, project)) terminal.out(`${line}\n`);
  const { ask, confirm } = openQuestions(terminal, !values.yes && !values["dry-run"]);
  const base = values["pull-request"] ? requireBase(own) : null;
  const commit = base && (await fetchBase(terminal, base));
  const read = await openPresentFiles(terminal, own, { commit, paths: CHOICE_PATHS });
  const choices = await chooseSetUp({ project, present: readPresent(read, values.replace), path: terminal.env["PATH"] ?? "" }, values, ask);
  const files = await renderFiles(terminal, own, { choices, config: read(CONFIG_PATH) });
  const planned = await comparePresentFiles(terminal, own, { commit, files });
  const keyRequest: LedgerKeyRequest = { ...choices, own, isWanted: values["ledger-key"], isDryRun: values["dry-run"], confirm };
  if (planned.length === 0) {
    terminal.out("Everything is up to date.\n");
    return storeLedgerKey(terminal, keyRequest);
  }
  for (const file of planned) terminal.out(`\n${await formatDiff(terminal, file)}`);
  if (values["dry-run"]) return 0;
  const consented = await chooseFiles(terminal, planned, { ...values, confirm });
  if (consented === null) {
    terminal.err("Nothing was written, because no one can answer here. To write these files: enki init --yes\n");
    return EXIT_WAITS;
  }
  await deliver(terminal, { own, base, commit, consented });
  const code = await storeLedgerKey(terminal, keyRequest);
  for (const line of describeNextSteps(own, choices, base !== null)) terminal.out(`${line}\n`);
  return code;
};

type SetUpQuestions = { readonly ask: AskQuestion; readonly confirm: ((question: string) => Promise<boolean>) | null };

/** Asks a person at the terminal; without one, takes what was detected, and confirms nothing. */
const openQuestions = (terminal: TerminalHost, asks: boolean): SetUpQuestions => {
  const progress = asks && terminal.isInteractive ? openProgressView(terminal) : null;
  return {
    ask: async (question, fallback) => (await progress?.ask(`${question}\n[${fallback === "" ? "none" : fallback}] `)) || fallback,
    confirm: progress?.confirm ?? null,
  };
};

/** The files from which a set-up reads the choices of an earlier one. */
const CHOICE_PATHS = [CONFIG_PATH, STEP_WORKFLOW_PATH, COORDINATOR_WORKFLOW_PATH];

type WantedSetUp = { readonly choices: Omit<SetUpChoices, "jobs" | "isOnServer">; readonly config: string | null };

const renderFiles = async (terminal: TerminalHost, own: OwnRepository, { choices, config }: WantedSetUp) => {
  const { isVendored, usesEnvironment, usesApp } = choices;
  const jobs = chooseJobs(config, { isBilled: !usesEnvironment, usesApp, remote: own.remote });
  return renderSetUp(await readShippedFiles(terminal.root, isVendored), { ...choices, jobs, isOnServer: isOnServer(own) });
};

/** The choices of the earlier set-up. A configuration that a person edited, and this set-up replaces, counts as missing. */
const readPresent = (read: (path: string) => string | null, replaces: boolean): PresentChoices => {
  const isReplaced = (path: string, text: string): boolean =>
    replaces && path === CONFIG_PATH && readOrigin(text, hashText) !== "generated";
  return readPresentChoices((path) => {
    const text = read(path);
    return text === null || isReplaced(path, text) ? null : text;
  }, hashText);
};

const requireBase = ({ directory, remote, defaultBranch }: OwnRepository): SetUpBase => {
  if (remote === null) throw new CommandError("the remote origin is not a repository on GitHub; git remote add origin <address> names one");
  if (defaultBranch === null) throw new CommandError("the default branch is unknown; git remote set-head origin --auto finds it");
  return { directory, remote, branch: defaultBranch };
};

type WantedFiles = { readonly commit: string | null; readonly files: ReadonlyMap<string, string> };

/** Compares the files with the work tree, or with a commit for a pull request; leaves out those that are up to date. */
const comparePresentFiles = async (terminal: TerminalHost, own: OwnRepository, { commit, files }: WantedFiles): Promise<PlannedFile[]> => {
  const present = await openPresentFiles(terminal, own, { commit, paths: [...files.keys()] });
  return planFiles(files, present).filter(({ change }) => change !== "keep");
};

type PresentFiles = { readonly commit: string | null; readonly paths: readonly string[] };

/** The texts of these files at a commit, or in the work tree. */
const openPresentFiles = async (terminal: TerminalHost, { directory, facts }: OwnRepository, { commit, paths }: PresentFiles) => {
  if (commit === null) return facts.read;
  const texts = new Map<string, string>();
  for (const path of paths) {
    const { code, stdout } = await runGit({ directory, after: terminal.after }, ["cat-file", "blob", `${commit}:${path}`]);
    if (code === 0) texts.set(path, stdout.toString("utf8"));
  }
  return (path: string): string | null => texts.get(path) ?? null;
};

type Consent = { readonly yes: boolean; readonly replace: boolean; readonly confirm: ((question: string) => Promise<boolean>) | null };

/** The files that may be written; null if a person has to decide and no one can. */
const chooseFiles = async (
  terminal: TerminalHost,
  planned: readonly PlannedFile[],
  { yes, replace, confirm }: Consent,
): Promise<readonly PlannedFile[] | null> => {
  const consented: PlannedFile[] = [];
  for (const file of planned) {
    const drops = file.change === "replace";
    if (confirm) {
      const question = drops
        ? `${file.path} was edited by a person. Discard the changes?`
        : `${file.change === "create" ? "Create" : "Update"} ${file.path}?`;
      if (await confirm(question)) consented.push(file);
      continue;
    }
    if (!yes) return null;
    if (!drops || replace) consented.push(file);
    else terminal.out(`${file.path} is kept, because a person edited it; --replace discards the changes.\n`);
  }
  return consented;
};

type Delivery = {
  readonly own: OwnRepository;
  readonly base: SetUpBase | null;
  readonly commit: string | null;
  readonly consented: readonly PlannedFile[];
};

/** Writes the files, or pushes them and opens a pull request. */
const deliver = async (terminal: TerminalHost, { own, base, commit, consented }: Delivery): Promise<void> => {
  if (consented.length === 0) return;
  if (base === null || commit === null) {
    await writePlannedFiles(own.directory, consented);
    for (const { path } of consented) terminal.out(`wrote ${path}\n`);
    return;
  }
  await pushSetUpBranch(terminal, base, { base: commit, files: consented });
  terminal.out(`\nPull request: ${await openSetUpPull(terminal, base)}\n`);
};
