import { git } from "../git/run.ts";
import { taskId } from "../model/ids.ts";
import { isIdle, type Step } from "../model/step.ts";
import type { Refusal } from "../model/refusal.ts";
import { byTime, type Mail, MAIL_LIMITS } from "../model/mail.ts";
import { oneLine } from "../render/escape.ts";
import { mailText } from "../render/mail.ts";
import { indent, planText } from "../render/plan-text.ts";
import type { Seen, Story, Waits } from "./run-story.ts";

export type Answering = Story & { readonly answered: Set<string> };

/** Nobody answered: that ends the story, with the questions that stay open. */
type Unanswered = Waits | null;

const UNAPPROVED: Waits = { end: "waits", questions: [] };

/** Asks the person what waits for one, each thing once. */
export const answerStory = async (answering: Answering, seen: Seen): Promise<Unanswered> => {
  const { execution, ledger } = seen;
  const questions = byTime(Object.values(ledger.mails)).filter(({ to, status }) => to === "user" && status === "pending");
  for (const question of questions) if (!(await answer(answering, question))) return { end: "waits", questions };
  if (execution.state === "proposed") return openPlan(answering, seen);
  for (const step of Object.values(execution.steps)) {
    const end = step.state === "waiting" ? await openGate(answering, seen, step) : null;
    if (end !== null) return end;
  }
  return null;
};

/** What a person says to a plan that is no answer to a question with yes or no, and more than a slip: what to change in it. */
const isRemark = (said: string): boolean => /\S\s+\S/.test(said);

/** A plan that waits for a yes. Whoever says what to change gets another one; a plan that could not be revised is asked for again. */
const openPlan = async (answering: Answering, { execution, plan }: Seen): Promise<Unanswered> => {
  const { answered, progress, terminal } = answering;
  const hash = (execution.plan ?? "").slice(0, 12);
  const key = `${hash}/${execution.planning.attempt}`;
  if (!plan || answered.has(key)) return null;
  answered.add(key);
  progress.end();
  progress.say(`${whyAgain(execution)}The plan:\n\n${planText(plan, terminal.size().columns - 1)}\n`);
  const said = await askForPlan(answering);
  if (isRemark(said)) await say(answering, `/enki revise ${said}`);
  else if (/^y(es)?$/i.test(said)) await say(answering, `/enki approve ${hash}`);
  else return UNAPPROVED;
  return null;
};

const whyAgain = ({ revision }: Seen["execution"]): string =>
  revision?.state === "refused" ? `The plan was not revised: ${revision.why?.why ?? ""}\n\n` : "";

/** What a person says to a plan; empty where nobody is there. */
const askForPlan = async ({ progress, terminal, yes }: Answering): Promise<string> => {
  if (yes) return "y";
  if (!terminal.isInteractive) return "";
  progress.say("Not what you meant? Say what to change instead of yes or no.");
  return oneLine(await progress.ask("Start this plan? [y/N] "), MAIL_LIMITS.body);
};

const SECOND = 1_000;

const say = async ({ person, issue }: Answering, text: string): Promise<void> => void (await person.comment(issue, text));

/** Tells the person what an agent asks, and the agent what the person says; false where nobody says anything. */
const answer = async (answering: Answering, mail: Mail): Promise<boolean> => {
  const { answered, progress, terminal } = answering;
  if (answered.has(mail.id)) return true;
  answered.add(mail.id);
  progress.end();
  progress.say(mailText(mail, "asks"));
  const said = terminal.isInteractive ? oneLine(await progress.ask("Your answer: "), MAIL_LIMITS.body) : "";
  if (said !== "") await say(answering, `/enki reply ${mail.id} ${said}`);
  return said !== "";
};

type Asked = { readonly key: string; readonly text: string; readonly question: string; readonly act: () => Promise<void> };

const ask = async ({ answered, progress, terminal, yes }: Answering, { key, text, question, act }: Asked): Promise<Unanswered> => {
  if (answered.has(key)) return null;
  answered.add(key);
  progress.end();
  progress.say(text);
  if (!yes && !(terminal.isInteractive && (await progress.confirm(question)))) return UNAPPROVED;
  await act();
  return null;
};

/** A checkpoint: what a step changed, or reported, before others build on it. */
const openGate = async (answering: Answering, { execution, ledger }: Seen, step: Step): Promise<Unanswered> => {
  const { person, bare, terminal } = answering;
  if (isIdle(step) && step.why) return confirmIdle(answering, step.id, step.why);
  const title = `Checkpoint ${step.id}: others build on it.`;
  const question = "Go on with it?";
  if (step.pull !== null && step.head) {
    const { sha } = step.head;
    const changed = await git({ directory: bare, after: terminal.after }, ["show", "--stat", "--format=", sha]);
    const text = [title, indent(step.output), indent(changed), `    git -C ${bare} show ${sha}`].filter((part) => part !== "").join("\n");
    const approve = async (): Promise<void> => {
      const pull = (await person.pulls()).find(({ number }) => number === step.pull);
      if (pull) await person.approve(pull);
    };
    // GitHub's times have whole seconds: an approval in the head's own second is asked for once more.
    if (step.why?.code !== "hasty-review") return ask(answering, { key: sha, text, question, act: approve });
    await new Promise<void>((resolve) => void terminal.after(SECOND, resolve));
    await approve();
    return null;
  }
  if (step.result === null) return null;
  const task = taskId(execution.id, step.id);
  const report = ledger.artifacts[`${execution.id}/${step.id}`] ?? step.output;
  const line = `/enki approve ${task}@${step.result.slice(0, 12)}`;
  return ask(answering, { key: line, text: `${title}\n${indent(report)}`, question, act: () => say(answering, line) });
};

/** A step that others need says that there is nothing to do: they start only if the person agrees. */
const confirmIdle = (answering: Answering, id: string, { why, next }: Refusal): Promise<Unanswered> =>
  ask(answering, {
    key: next,
    text: `${id} found nothing to do, and others need it:\n${indent(why)}`,
    question: "Start them without it?",
    act: () => say(answering, next),
  });
