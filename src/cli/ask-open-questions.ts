import { runGitOrThrow } from "../storage/git/run-git.ts";
import { toTaskId } from "../core/domain/ids.ts";
import { isAwaitingConfirmation, type Step } from "../core/domain/step.ts";
import type { Refusal } from "../core/domain/refusal.ts";
import { isTampering } from "../core/domain/tampering.ts";
import { findTrial, type HeadTrial, isEndedTrial } from "../core/domain/trial.ts";
import { sortMailsByTime, type Mail, MAIL_LIMITS } from "../core/domain/mail.ts";
import { toOneLine } from "../core/messages/escape.ts";
import { summarizeChecks } from "../core/messages/tampering-text.ts";
import { renderMailText } from "../core/messages/mail-comment.ts";
import { indentText, renderPlanText } from "../core/messages/terminal-plan.ts";
import type { RunView, RunStory, WaitingEnd } from "./run-story.ts";
import { SECOND_MS } from "../core/domain/durations.ts";

export type RunConversation = RunStory & { readonly answered: Set<string> };

/** How a run ends if questions stay open; null if every question was answered. */
type UnansweredEnd = WaitingEnd | null;

const UNAPPROVED_END: WaitingEnd = { end: "waits", questions: [] };

/** Asks the person every open question once. */
export const askOpenQuestions = async (answering: RunConversation, seen: RunView): Promise<UnansweredEnd> => {
  const { execution, ledger } = seen;
  const questions = sortMailsByTime(Object.values(ledger.mails)).filter(({ to, status }) => to === "user" && status === "pending");
  for (const question of questions) if (!(await askMailQuestion(answering, question))) return { end: "waits", questions };
  if (execution.state === "proposed") return askAboutPlan(answering, seen);
  for (const step of Object.values(execution.steps)) {
    const end = step.state === "waiting" ? await askAboutCheckpoint(answering, seen, step) : null;
    if (end !== null) return end;
  }
  return null;
};

/** Whether an answer to a plan requests a change: more than yes, no or a typing mistake. */
const isRevisionRequest = (said: string): boolean => /\S\s+\S/.test(said);

/** Asks for approval of the plan. An answer with a change requests another plan; a plan whose revision failed is shown again. */
const askAboutPlan = async (answering: RunConversation, { execution, plan }: RunView): Promise<UnansweredEnd> => {
  const { answered, progress, terminal } = answering;
  const hash = (execution.plan ?? "").slice(0, 12);
  const key = `${hash}/${execution.planning.attempt}`;
  if (!plan || answered.has(key)) return null;
  answered.add(key);
  progress.clearBlock();
  progress.printLine(`${explainReplan(execution)}The plan:\n\n${renderPlanText(plan, terminal.size().columns - 1)}\n`);
  const said = await readPlanAnswer(answering);
  if (isRevisionRequest(said)) await postComment(answering, `/enki revise ${said}`);
  else if (/^y(es)?$/i.test(said)) await postComment(answering, `/enki approve ${hash}`);
  else return UNAPPROVED_END;
  return null;
};

const explainReplan = ({ revision }: RunView["execution"]): string =>
  revision?.state === "refused" ? `The plan was not revised: ${revision.refusal?.message ?? ""}\n\n` : "";

/** A person's answer to a plan; empty if no one can answer. */
const readPlanAnswer = async ({ progress, terminal, approvesAll }: RunConversation): Promise<string> => {
  if (approvesAll) return "y";
  if (!terminal.isInteractive) return "";
  progress.printLine("Not what you meant? Say what to change instead of yes or no.");
  return toOneLine(await progress.ask("Start this plan? [y/N] "), MAIL_LIMITS.body);
};

const postComment = async ({ person, issue }: RunConversation, text: string): Promise<void> => void (await person.comment(issue, text));

/** Passes an agent's question to the person, and the answer to the agent. Returns false without an answer. */
const askMailQuestion = async (answering: RunConversation, mail: Mail): Promise<boolean> => {
  const { answered, progress, terminal } = answering;
  if (answered.has(mail.id)) return true;
  answered.add(mail.id);
  progress.clearBlock();
  progress.printLine(renderMailText(mail, "asks"));
  const said = terminal.isInteractive ? toOneLine(await progress.ask("Your answer: "), MAIL_LIMITS.body) : "";
  if (said !== "") await postComment(answering, `/enki reply ${mail.id} ${said}`);
  return said !== "";
};

type ApprovalQuestion = { readonly key: string; readonly text: string; readonly question: string; readonly act: () => Promise<void> };

const askApproval = async (
  { answered, progress, terminal, approvesAll }: RunConversation,
  { key, text, question, act }: ApprovalQuestion,
): Promise<UnansweredEnd> => {
  if (answered.has(key)) return null;
  answered.add(key);
  progress.clearBlock();
  progress.printLine(text);
  if (!approvesAll && !(terminal.isInteractive && (await progress.confirm(question)))) return UNAPPROVED_END;
  await act();
  return null;
};

const nameCheckpoint = (step: Step): string =>
  isTampering(step)
    ? `Checkpoint ${step.id}. ${summarizeChecks(step).replaceAll("`", "")}`
    : `Checkpoint ${step.id}: other steps build on it.`;

const MAX_LOG_LINES_SHOWN = 20;

const listTrialLog = (trial: HeadTrial | undefined): string =>
  trial?.state === "failed" ? trial.log.split("\n").slice(-MAX_LOG_LINES_SHOWN).join("\n") : "";

/** Shows a step's change or report, and asks for approval before other steps build on it. */
const askAboutCheckpoint = async (answering: RunConversation, { execution, ledger }: RunView, step: Step): Promise<UnansweredEnd> => {
  const { person, bareRepository, terminal, approvesAll } = answering;
  const trial = findTrial(step);
  // The person decides with the result.
  if (trial && !isEndedTrial(trial) && !approvesAll) return null;
  if (isAwaitingConfirmation(step) && step.refusal) return askAboutNothingToDo(answering, step.id, step.refusal);
  const title = nameCheckpoint(step);
  const question = "Approve it?";
  if (step.pull !== null && step.head) {
    const { sha } = step.head;
    const changed = await runGitOrThrow({ directory: bareRepository, after: terminal.after }, ["show", "--stat", "--format=", sha]);
    const text = [
      title,
      indentText(listTrialLog(trial)),
      indentText(step.output),
      indentText(changed),
      `    git -C ${bareRepository} show ${sha}`,
    ]
      .filter((part) => part !== "")
      .join("\n");
    const approve = async (): Promise<void> => {
      const pull = (await person.pulls()).find(({ number }) => number === step.pull);
      if (pull) await person.approve(pull);
    };
    // GitHub rounds times to seconds, so an approval within the same second as the head is asked for again.
    if (step.refusal?.code !== "hasty-review") return askApproval(answering, { key: sha, text, question, act: approve });
    await new Promise<void>((resolve) => void terminal.after(SECOND_MS, resolve));
    await approve();
    return null;
  }
  if (step.result === null) return null;
  const task = toTaskId(execution.id, step.id);
  const report = ledger.artifacts[`${execution.id}/${step.id}`] ?? step.output;
  const line = `/enki approve ${task}@${step.result.slice(0, 12)}`;
  return askApproval(answering, { key: line, text: `${title}\n${indentText(report)}`, question, act: () => postComment(answering, line) });
};

/** Asks the person to confirm that a step has nothing to do, before other steps start without its work. */
const askAboutNothingToDo = (answering: RunConversation, id: string, { message, next }: Refusal): Promise<UnansweredEnd> =>
  askApproval(answering, {
    key: next,
    text: `${id} found nothing to do, and other steps need it:\n${indentText(message)}`,
    question: "Start them without it?",
    act: () => postComment(answering, next),
  });
