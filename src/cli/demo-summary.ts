import { join } from "node:path";
import { runGitOrThrow } from "../storage/git/run-git.ts";
import { readLandingTrailers } from "../core/messages/commit-messages.ts";
import { toPlainComment } from "./plain-comment.ts";
import type { LocalMachine } from "./local-machine.ts";
import type { PersonClient } from "./person-client.ts";
import type { DemoEnd } from "./play-maintainer.ts";
import type { TerminalHost } from "./terminal-host.ts";

/** The last line of `--json`. */
export type DemoSummary = {
  readonly ok: boolean;
  readonly repository: string;
  readonly url: string;
  readonly execution: string;
  readonly base: string;
  readonly landed: readonly { readonly task: string; readonly step: string; readonly commit: string; readonly pull: number }[];
  readonly artifacts: readonly string[];
  /** Line comments with an answer in their threads. */
  readonly reviewed: number;
  readonly requests: { readonly rest: number; readonly pushes: number };
  readonly seconds: number;
};

type SummaryInput = {
  readonly terminal: TerminalHost;
  readonly machine: LocalMachine;
  readonly person: PersonClient;
  readonly owner: string;
  readonly name: string;
  readonly directory: string;
  readonly end: DemoEnd;
  readonly begun: number;
};

/** Summarizes the story; the landed commits are read from the bare repository with plain git. */
export const summarizeDemo = async ({
  terminal,
  machine,
  person,
  owner,
  name,
  directory,
  end,
  begun,
}: SummaryInput): Promise<DemoSummary> => {
  const repository = join(directory, "repositories", owner, `${name}.git`);
  const at = { directory: repository, after: terminal.after };
  const pulls = await person.pulls();
  const log = await runGitOrThrow(at, ["log", "--first-parent", "--reverse", "-z", "--format=%H%n%B", "main"]);
  const landed = log.split("\0").flatMap((entry) => {
    const trailers = readLandingTrailers(entry.slice(41));
    if (!trailers) return [];
    const pull = pulls.find(({ head }) => head.ref === `task/${trailers.task}`)?.number ?? 0;
    return [{ task: trailers.task, step: trailers.task.slice(trailers.execution.length + 1), commit: entry.slice(0, 40), pull }];
  });
  const listed = await runGitOrThrow(at, ["ls-tree", "-r", "--name-only", "refs/enki/ledger", "artifacts/"]).catch(() => "");
  return {
    ok: end.end === "done" && landed.length > 0,
    repository,
    url: `${machine.forge.url}/${owner}/${name}`,
    execution: end.execution,
    base: "main",
    landed,
    artifacts: listed.split("\n").filter((path) => path !== ""),
    reviewed: await countAnsweredComments(
      person,
      machine.app,
      landed.map(({ pull }) => pull),
    ),
    requests: machine.counts(),
    seconds: Math.round((terminal.now() - begun) / 100) / 10,
  };
};

/** Counts the line comments that Enki answered on the given pull requests. */
const countAnsweredComments = async (person: PersonClient, app: string, pulls: readonly number[]): Promise<number> => {
  const threads = await Promise.all(pulls.filter((pull) => pull > 0).map((pull) => person.lineComments(pull)));
  const answered = threads
    .flat()
    .flatMap(({ user, in_reply_to_id }) => (user.login === app && in_reply_to_id !== undefined ? [in_reply_to_id] : []));
  return new Set(answered).size;
};

/** Prints the end of the story: the landed commits and their location, or the failure and the next step. */
export const printSummary = (summary: DemoSummary, { end, last }: DemoEnd, print: (line: string) => void): void => {
  const { landed, artifacts, repository, base } = summary;
  const width = Math.max(0, ...landed.map(({ step }) => step.length));
  print("");
  if (!summary.ok) print(`It did not end well (${end}). Enki says:\n\n${toPlainComment(last).replaceAll(/^/gm, "  ")}\n`);
  if (landed.length > 0) print(`Landed on ${base}, in this order:`);
  for (const { step, commit, pull } of landed) print(`  ${commit.slice(0, 12)}  ${step.padEnd(width)}  #${pull}`);
  if (summary.reviewed > 0)
    print(`A second attempt answered ${summary.reviewed === 1 ? "1 comment" : `${summary.reviewed} comments`} by the reviewer.`);
  if (summary.ok) print(`All of it landed in ${summary.seconds} s.\n`);
  print("Look at it with plain git:");
  print(`  git -C ${repository} log --graph ${base}`);
  print(`  git -C ${repository} log refs/enki/ledger`);
  for (const path of artifacts) print(`  git -C ${repository} show refs/enki/ledger:${path}`);
};
