import type { HeadTrial } from "../domain/trial.ts";
import { escapeSentence, toInlineCode, toOneLine } from "./escape.ts";
import { renderFailureLog } from "./step-details.ts";

/** Makes a text by others harmless where it is shown. */
type QuoteText = (text: string) => string;

const escapeReason: QuoteText = (text) => escapeSentence(text, 300);

const endSentence = (text: string): string => (/[.!?…]$/.test(text) ? text : `${text}.`);

const nameCommand = (command: string | null): string => (command === null ? "its verification" : toInlineCode(toOneLine(command, 100)));

/** The clause of a trial that failed: the head passes only with its changes to the checks. */
export const describeFailedTrial = ({ command }: HeadTrial & { readonly state: "failed" }): string =>
  `without these changes, ${nameCommand(command)} fails`;

/** A trial in one sentence after one about the checks that a step changes. */
export const summarizeTrial = (trial: HeadTrial, quote: QuoteText = escapeReason): string => {
  switch (trial.state) {
    case "waiting":
    case "running":
      return "Enki also verifies it without these changes.";
    case "passed":
      return "Without these changes, its verification passes, too.";
    case "failed":
      return `Without these changes, ${nameCommand(trial.command)} fails.`;
    case "unknown":
      return `Its verification without these changes could not be run: ${endSentence(quote(trial.reason))}`;
  }
};

const renderLog = (trial: HeadTrial): string => (trial.state === "failed" ? renderFailureLog(trial.log) : "");

/** The end of a failed trial's log, folded; empty for other trials. */
export const renderTrialLog = (trial: HeadTrial | undefined): string => (trial ? renderLog(trial) : "");

/** For a pull request: the result of the trial, with its run and the end of its log. */
export const renderTrial = (trial: HeadTrial, runUrl: (run: number) => string | null): string => {
  const url = (trial.state === "passed" || trial.state === "failed") && trial.run !== null ? runUrl(trial.run) : null;
  const run = url === null ? "" : ` · [run](${url})`;
  switch (trial.state) {
    case "waiting":
    case "running":
      return "🔵 Enki also verifies this head without its changes to these checks. The result will appear here.";
    case "passed":
      return `🟢 Without its changes to these checks, its verification passes, too.${run}`;
    case "failed":
      return [
        `🔴 **Without its changes to the checks that judge it, ${nameCommand(trial.command)} fails.**${run}`,
        "Either the step breaks something, or these checks had to change.",
        renderLog(trial),
      ]
        .filter((part) => part !== "")
        .join("\n\n");
    case "unknown":
      return `⚪ Its verification without its changes to these checks could not be run: ${endSentence(escapeReason(trial.reason))}`;
  }
};
