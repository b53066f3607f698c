import type { Execution } from "../core/domain/execution.ts";
import type { FoundTarget } from "../core/domain/find-target.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import type { Plan } from "../core/domain/plan.ts";
import { toOneLine } from "../core/messages/escape.ts";
import { renderPlanText } from "../core/messages/terminal-plan.ts";
import { CommandError, readOptionsAndWords, UsageError } from "./command-options.ts";
import { type CommandTarget, findCommandTarget } from "./command-target.ts";
import { findExecution } from "./find-execution.ts";
import { commandOptions, readIssueOption } from "./person-command.ts";
import { postCommand } from "./post-command.ts";
import { openProgressView } from "./progress-view.ts";
import type { TerminalHost } from "./terminal-host.ts";
import { listWaiting, type WaitingItem } from "../core/messages/waiting-items.ts";
import { EXIT_WAITS } from "./exit-codes.ts";

export const approveOptions = {
  ...commandOptions,
  yes: { type: "boolean", default: false, about: "approves without asking" },
} as const;

const HASH_PATTERN = /^[0-9a-f]{7,64}$/;

/** Whether the person named the item: a plan by its hash, a report by its result, a step by its name. */
const isNamed = (item: WaitingItem, step: string | null, word: string | null): boolean => {
  const [, hash = ""] = /@(.*)$/.exec(word ?? "") ?? [];
  if (word !== null && HASH_PATTERN.test(word)) return item.kind === "plan" && item.comment?.endsWith(word.slice(0, 12)) === true;
  if (hash !== "") return item.step === step && item.comment?.endsWith(hash.slice(0, 12)) === true;
  return step === null || item.step === step;
};

/** The only waiting approval among the items named by the person. */
const findApprovable = (found: FoundTarget<Execution>, word: string | null): WaitingItem => {
  const items = listWaiting(found.execution).filter(({ kind }) => kind === "plan" || kind === "review" || kind === "report");
  const named = items.filter((item) => isNamed(item, found.step?.id ?? null, word));
  const [item, ...others] = named;
  if (!item) throw new CommandError("nothing waits for approval; enki status shows the current state");
  if (others.length > 0)
    throw new UsageError(`several items wait for approval; name one:\n${named.map(({ command }) => `  ${command}`).join("\n")}`);
  return item;
};

/** `enki approve [<plan hash>|<execution>|<step>|<task>@<result>]`: approves what waits: a plan or a report with a comment, a change with a review. */
export const runApproveCommand = async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
  const { values, words } = readOptionsAndWords(args, approveOptions, 1);
  const target = await findCommandTarget(terminal);
  const ledger = await target.readLedger();
  const [word = null] = words;
  const named = word === null || HASH_PATTERN.test(word) ? null : (word.split("@")[0] ?? null);
  const found = findExecution(ledger, { issue: readIssueOption(values.issue), target: named });
  const item = findApprovable(found, word);
  if (!values.json) terminal.out(`${describeItem(item, findPlan(ledger, found.execution, item), terminal.size().columns)}\n\n`);
  if (!(values.yes || word !== null || (await confirmApproval(terminal)))) {
    terminal.out(`Nothing was approved. To approve without being asked: ${item.command}\n`);
    return EXIT_WAITS;
  }
  const { comment } = item;
  if (comment === null) return approveWithReview(terminal, target, { item, isJson: values.json });
  return postCommand(terminal, target, { issue: found.execution.issue, text: comment, isJson: values.json });
};

const confirmApproval = async (terminal: TerminalHost): Promise<boolean> =>
  terminal.isInteractive && (await openProgressView(terminal).confirm("Approve this?"));

/** The waiting plan; null for another item. */
const findPlan = (ledger: Ledger | null, { plan, amendment }: Execution, { kind, comment }: WaitingItem): Plan | null => {
  const hash = [plan, amendment?.plan].find((each) => typeof each === "string" && comment?.endsWith(each.slice(0, 12)) === true);
  return kind === "plan" ? (ledger?.plans[hash ?? ""] ?? null) : null;
};

const describeItem = (item: WaitingItem, plan: Plan | null, columns: number): string =>
  plan ? renderPlanText(plan, columns - 1) : `${item.step ?? ""}: ${toOneLine(item.text, 500)}`;

const approveWithReview = async (
  terminal: TerminalHost,
  { person, name }: CommandTarget,
  { item, isJson }: { item: WaitingItem; isJson: boolean },
): Promise<number> => {
  const pull = (await person.pulls()).find(({ number }) => number === item.pull);
  if (!pull) throw new CommandError(`pull request ${item.pull ?? ""} was not found in ${name}`);
  await person.approve(pull);
  const done = { repository: name, pull: pull.number, approved: pull.head.sha };
  terminal.out(isJson ? `${JSON.stringify(done)}\n` : `Approved ${name}#${pull.number} at ${pull.head.sha.slice(0, 12)}.\n`);
  return 0;
};
