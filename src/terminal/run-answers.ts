import { git } from "../git/run.ts";
import { taskId } from "../model/ids.ts";
import type { Step } from "../model/step.ts";
import { indent, planText } from "../render/plan-text.ts";
import type { Seen, Story } from "./run-story.ts";

export type Answering = Story & { readonly answered: Set<string> };

/** Asks the person what waits for one, each thing once; `unapproved` ends the story. */
export const answerStory = async (answering: Answering, seen: Seen): Promise<"unapproved" | null> => {
  const { execution, plan } = seen;
  if (execution.state === "proposed" && plan && execution.plan !== null) {
    const text = planText(plan, answering.terminal.size().columns - 1);
    const hash = execution.plan.slice(0, 12);
    return ask(answering, {
      key: hash,
      text: `The plan:\n\n${text}\n`,
      question: "Start this plan?",
      act: () => say(answering, `/enki approve ${hash}`),
    });
  }
  for (const step of Object.values(execution.steps)) {
    const end = step.state === "waiting" ? await openGate(answering, seen, step) : null;
    if (end !== null) return end;
  }
  return null;
};

const SECOND = 1_000;

const say = async ({ person, issue }: Answering, text: string): Promise<void> => void (await person.comment(issue, text));

type Asked = { readonly key: string; readonly text: string; readonly question: string; readonly act: () => Promise<void> };

const ask = async ({ answered, progress, terminal, yes }: Answering, { key, text, question, act }: Asked): Promise<"unapproved" | null> => {
  if (answered.has(key)) return null;
  answered.add(key);
  progress.end();
  progress.say(text);
  if (!yes && !(terminal.isInteractive && (await progress.confirm(question)))) return "unapproved";
  await act();
  return null;
};

/** A checkpoint: what a step changed, or reported, before others build on it. */
const openGate = async (answering: Answering, { execution, ledger }: Seen, step: Step): Promise<"unapproved" | null> => {
  const { person, bare, terminal } = answering;
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
