import { runGit } from "../git/run.ts";
import { type Execution, isOver } from "../model/execution.ts";
import type { Sha } from "../model/ids.ts";
import type { Ledger } from "../model/ledger.ts";
import { byTime, type Mail } from "../model/mail.ts";
import type { Plan } from "../model/plan.ts";
import { LEDGER } from "../model/refs.ts";
import type { Step } from "../model/step.ts";
import { asciiGraph } from "../render/ascii-graph.ts";
import { mailText } from "../render/mail.ts";
import { oneLine } from "../render/escape.ts";
import { idleReason, stateWords } from "../render/step-table.ts";
import { answerStory, type Answering } from "./run-answers.ts";
import type { Person } from "./person.ts";
import type { Progress } from "./progress.ts";
import { readOwnLedger } from "./read-ledger.ts";
import type { Terminal } from "./terminal.ts";

export type Seen = { readonly execution: Execution; readonly plan: Plan | null; readonly ledger: Ledger };

export type Story = {
  readonly terminal: Terminal;
  readonly progress: Progress;
  readonly person: Person;
  readonly issue: number;
  /** The copy that it happens in. */
  readonly bare: string;
  /** True where everything that is asked is answered with yes. */
  readonly yes: boolean;
};

/** Nobody is there who approves, or who answers these questions. */
export type Waits = { readonly end: "waits"; readonly questions: readonly Mail[] };

export type StoryEnd =
  | (Seen & { readonly end: "done" | "stopped" })
  | (Seen & Waits)
  /** Enki did not begin, and says why. */
  | { readonly end: "refused"; readonly why: string };

/** Between two looks, in milliseconds. */
const LOOK = 200;

/** Waits for the end of what was asked, shows how it stands, and asks the person what Enki asks. */
export const followStory = async (story: Story): Promise<StoryEnd> => {
  const { terminal, progress } = story;
  const begun = terminal.now();
  const answering: Answering = { ...story, answered: new Set() };
  const look = openLook(story);
  let before: Seen | null = null;
  try {
    for (;;) {
      const seen = await look();
      if (!seen) {
        const why = await refusal(story);
        if (why !== null) return { end: "refused", why };
      } else {
        if (seen !== before) {
          for (const line of news(seen, before)) tell(story, line, terminal.now() - begun);
          for (const mail of letters(seen, before)) progress.say(mail);
        }
        progress.show(blockOf(seen, terminal, terminal.now() - begun));
        const over = endOf(seen);
        const end = over ? { end: over } : seen === before ? null : await answerStory(answering, seen);
        if (end !== null) return { ...seen, ...end };
        before = seen;
      }
      await new Promise<void>((resolve) => void terminal.after(LOOK, resolve));
    }
  } finally {
    progress.end();
  }
};

/** Reads the ledger only when it moved: the same object while it did not. */
const openLook = ({ terminal, bare }: Story) => {
  const at = { directory: bare, after: terminal.after };
  let known: { head: Sha; seen: Seen | null } | null = null;
  return async (): Promise<Seen | null> => {
    const head = (await runGit(at, ["rev-parse", "--verify", "-q", LEDGER])).stdout.toString("utf8").trim();
    if (head === "" || known?.head === head) return known?.seen ?? null;
    const ledger = await readOwnLedger({ cwd: bare, after: terminal.after }, head);
    const [execution] = Object.values(ledger?.executions ?? {});
    const seen = ledger && execution ? { execution, plan: ledger.plans[execution.plan ?? ""] ?? null, ledger } : null;
    known = { head, seen };
    return seen;
  };
};

/** What Enki answers where it does not begin. */
const refusal = async ({ person, issue }: Story): Promise<string | null> => {
  const [, answer] = await person.comments(issue);
  return answer?.body ?? null;
};

const endOf = ({ execution, ledger }: Seen): "done" | "stopped" | null => {
  if (isOver(execution)) return execution.state === "done" ? "done" : "stopped";
  return ledger.queues[execution.base]?.frozen ? "stopped" : null;
};

const tell = ({ terminal, progress }: Story, line: string, passed: number): void =>
  terminal.isInteractive ? undefined : progress.say(`${seconds(passed).padStart(7)}  ${line}`);

const seconds = (millis: number): string => `${(millis / 1_000).toFixed(1)} s`;

const words = (step: Step): string => {
  const reason = idleReason(step);
  return `${stateWords(step)[1].replaceAll("*", "")}${reason === "" ? "" : `: ${oneLine(reason, 500)}`}`;
};

/** What is to be told to who reads line by line. */
const news = ({ execution }: Seen, before: Seen | null): string[] => {
  const planning = execution.state !== before?.execution.state && execution.state === "planning" ? ["reads the code and makes a plan"] : [];
  const steps = Object.values(execution.steps).flatMap((step) => {
    const known = before?.execution.steps[step.id];
    const isNew = step.state !== "pending" && step.state !== "ready" && (known ? words(known) !== words(step) : true);
    return isNew ? [`${step.id}: ${words(step)}`] : [];
  });
  return [...planning, ...steps];
};

/** What agents wrote to the person and ask no answer for. */
const letters = ({ ledger }: Seen, before: Seen | null): string[] =>
  byTime(Object.values(ledger.mails))
    .filter(({ id, to, type }) => to === "user" && type === "info" && before?.ledger.mails[id] === undefined)
    .map((mail) => mailText(mail, "writes"));

const blockOf = ({ execution, plan }: Seen, { size }: Terminal, passed: number): string[] => {
  const all = Object.values(execution.steps);
  const done = all.filter(({ state }) => state === "done").length;
  const head = all.length === 0 && !execution.workflow ? "Reading the code and making a plan" : `${done} of ${all.length} steps done`;
  const graph = plan && all.length > 0 ? asciiGraph(plan.steps, execution.steps, size().columns - 1).split("\n") : [];
  return [`${head}, ${Math.floor(passed / 1_000)} s`, ...graph];
};
