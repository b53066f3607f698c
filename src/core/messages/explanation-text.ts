import type { ActionPurpose, Evidence, Explanation, GateException, StepReason, SuggestedAction } from "../domain/explanation.ts";
import { formatMoney } from "./budget-text.ts";
import { escapeInline, escapeSentence, toInlineCode, toOneLine } from "./escape.ts";
import { toTerminalLine } from "./failure-action.ts";
import { formatCopyBlock } from "./next-command.ts";
import { formatConflicts } from "./open-conflicts.ts";
import { formatMinute } from "./quota-note.ts";
import { renderReason } from "./refusal-page.ts";
import { renderFailureLog } from "./step-details.ts";
import { summarizeFindings } from "./tampering-text.ts";
import { summarizeTrial } from "./trial-text.ts";

/** A fact as a sentence, with the address of its run. */
type EvidenceLine = { readonly text: string; readonly url: string | null };
/** Makes a text by others harmless where it is shown. */
type QuoteText = (text: string) => string;

const shorten = (commit: string): string => toInlineCode(commit.slice(0, 12));

const describeException = (exception: GateException, quote: QuoteText): string =>
  exception.kind === "requester" ? `${quote(exception.login)}, who requested the work` : "people who pushed to its branch";

const describeGate = ({ pull, head, reviews, except }: Extract<Evidence, { kind: "gate" }>, quote: QuoteText): string => {
  if (pull === null) return "Gate: a comment by a person with write permission opens it.";
  const count = reviews === 1 ? "an approving review" : `${reviews} approving reviews`;
  const at = head === null ? "" : ` at ${shorten(head)}`;
  const others = except.length === 0 ? "" : `, other than ${except.map((each) => describeException(each, quote)).join(" and ")}`;
  return `Gate: ${count} of #${pull}${at}, by a person with write permission${others}.`;
};

const CONDITION_WORDS = { merged: "land", completed: "finish", started: "start" } as const;

const describeNeed = ({ task, condition, state, reason }: Extract<Evidence, { kind: "need" }>, quote: QuoteText): string => {
  const why = reason === null ? "." : `: ${quote(reason.message)}`;
  return `Needs ${toInlineCode(task)} to ${CONDITION_WORDS[condition]}; now it is ${state ?? "unknown"}${why}`;
};

const toLine = (text: string, url: string | null = null): EvidenceLine => ({ text, url });

/** A fact in one sentence; null for a log, which is longer. */
const describeEvidence = (evidence: Evidence, quote: QuoteText): EvidenceLine | null => {
  switch (evidence.kind) {
    case "attempt":
      return toLine(
        `Attempt ${evidence.attempt}.${evidence.fault === null ? "" : ` The last one ended: ${quote(evidence.fault)}`}`,
        evidence.run,
      );
    case "verdict":
      return toLine(
        `Head ${shorten(evidence.head)} ${evidence.passed ? "passed" : "failed"} in candidate ${shorten(evidence.commit)}.`,
        evidence.run,
      );
    case "candidate": {
      const others = evidence.others.length === 0 ? "" : `, with ${evidence.others.map((task) => toInlineCode(task)).join(", ")}`;
      return toLine(`Candidate ${shorten(evidence.commit)}${others}.`, evidence.run);
    }
    case "place":
      return toLine(
        `${evidence.ahead === 1 ? "One item is" : `${evidence.ahead} items are`} ahead of it in the queue of ${toInlineCode(evidence.base)}.`,
      );
    case "gate":
      return toLine(describeGate(evidence, quote));
    case "pull":
      return toLine(`Pull request: #${evidence.pull}.`);
    case "need":
      return toLine(describeNeed(evidence, quote));
    case "conflict":
      return toLine(`Conflicts in ${formatConflicts(evidence.conflicts)}.`, evidence.run);
    case "findings":
      return toLine(summarizeFindings(evidence.findings));
    case "trial":
      return toLine(summarizeTrial(evidence.trial, quote), evidence.run);
    case "budget":
      return toLine(`Budget: ${formatMoney(evidence.charged)} of ${formatMoney(evidence.cap)} is spent or reserved.`);
    case "deadline":
      return toLine(
        evidence.of === "run"
          ? `Its run will be stopped at ${formatMinute(evidence.at)} unless it ends earlier.`
          : `It waits until ${formatMinute(evidence.at)} at the latest; then it fails, and can be retried.`,
      );
    case "decision":
      return toLine(`${evidence.what === "plan" ? "Its plan was approved" : "Decided"} by ${quote(evidence.by)}.`);
    case "log":
      return null;
  }
};

const PURPOSE_WORDS: Readonly<Record<ActionPurpose, string>> = {
  retry: "To try again",
  skip: "To continue without it",
  approve: "To approve",
  resume: "To continue",
  answer: "To answer",
  cancel: "To cancel it",
  raise: "To allow more",
  explain: "To see why",
  hurry: "To put it before other work",
  continue: "To continue",
};

const renderAction = (action: SuggestedAction, isFirst: boolean): string => {
  switch (action.kind) {
    case "command":
      return isFirst
        ? `${PURPOSE_WORDS[action.purpose]}, comment:\n\n${formatCopyBlock(toOneLine(action.command, 300))}`
        : `${PURPOSE_WORDS[action.purpose]}: ${toInlineCode(action.command)}`;
    case "review":
      return `To approve, review #${action.pull} with **Approve**.`;
    case "advice":
      return `Next: ${escapeSentence(action.text)}`;
  }
};

/** The verb before a state in a sentence. */
const toVerb = (state: Explanation["state"]): string => (state === "failed" ? "has" : "is");

const renderStepReason = ({ step, state, why }: StepReason): string =>
  `- ${toInlineCode(step)} ${toVerb(state)} ${state}: ${renderReason(why)}`;

const nameSubject = ({ execution, step, title }: Explanation): string =>
  step === null ? `Execution ${toInlineCode(execution)}` : `${toInlineCode(step)}${title === "" ? "" : ` (${escapeInline(title, 100)})`}`;

/** An explanation as a reply: state, reason with its code, facts with links, and what to do. */
export const renderExplanation = (explanation: Explanation): string => {
  const { state, why, evidence, steps, moreSteps, actions } = explanation;
  const facts = evidence.flatMap((each) => {
    const line = describeEvidence(each, escapeSentence);
    return line ? [`- ${line.text}${line.url === null ? "" : ` · [run](${line.url})`}`] : [];
  });
  const more = moreSteps > 0 ? [`- … and ${moreSteps} more`] : [];
  const [first, ...others] = actions;
  return [
    `${nameSubject(explanation)} ${toVerb(state)} **${state}**. ${renderReason(why, 1_000)}`,
    [...steps.map((step) => renderStepReason(step)), ...more, ...facts].join("\n"),
    evidence.map((each) => (each.kind === "log" ? renderFailureLog(each.text) : "")).join(""),
    first ? renderAction(first, true) : "",
    others.map((action) => renderAction(action, false)).join(" · "),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
};

const stripMarks = (text: string): string => toOneLine(text.replaceAll("`", ""), 1_000);

/** `issue`: that of the execution. */
export const formatTerminalAction = (action: SuggestedAction, issue: number): string => {
  switch (action.kind) {
    case "command":
      return `  ${PURPOSE_WORDS[action.purpose]}: ${toTerminalLine(stripMarks(action.command), issue)}`;
    case "review":
      return `  To approve: enki approve ${action.task}`;
    case "advice":
      return `  ${stripMarks(action.text)}`;
  }
};

/** The same for a terminal, a line for each fact. `issue`: that of the execution. */
export const formatExplanation = (explanation: Explanation, issue: number): string[] => {
  const { execution, step, title, state, why, evidence, steps, moreSteps, actions } = explanation;
  const name = step === null ? `${execution} ${stripMarks(title).slice(0, 80)}` : `${step}${title === "" ? "" : ` (${stripMarks(title)})`}`;
  const facts = evidence.flatMap((each) => {
    const line = describeEvidence(each, (text) => text);
    return line ? [`  ${stripMarks(line.text)}${line.url === null ? "" : ` ${line.url}`}`] : [];
  });
  return [
    `${name} ${toVerb(state)} ${state}: ${stripMarks(why.message)} (${why.code})`,
    ...steps.map((each) => `  ${each.step} ${toVerb(each.state)} ${each.state}: ${stripMarks(each.why.message)} (${each.why.code})`),
    ...(moreSteps > 0 ? [`  … and ${moreSteps} more`] : []),
    ...facts,
    ...(actions.length === 0 ? [] : ["", "What you can do:", ...actions.map((action) => formatTerminalAction(action, issue))]),
  ];
};
