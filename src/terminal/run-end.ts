import type { Base } from "../model/ids.ts";
import { oneLine } from "../render/escape.ts";
import { indent } from "../render/plan-text.ts";
import { lastWords } from "../model/step.ts";
import type { Seen, StoryEnd } from "./run-story.ts";
import { RUNS } from "./read-ledger.ts";

type Ending = {
  /** What landed is on it; null where nothing did. */
  readonly branch: string | null;
  readonly base: Base;
  /** What follows `enki run` to ask for the same again. */
  readonly call: string;
  /** What the jobs said. */
  readonly logs: string;
};

/** What a reader wants to know last: what came of it, where it is, and what goes on. */
export const tellEnd = (end: Exclude<StoryEnd, { end: "refused" }>, ending: Ending): string[] => {
  switch (end.end) {
    case "done":
      return ["", ...reports(end), ...skipped(end), ...landed(ending, "Done."), again(end)];
    case "stopped":
      return [
        "",
        ...whyStopped(end),
        ...reports(end),
        ...skipped(end),
        ...landed(ending, "What was done before stays."),
        `What the jobs said is in ${ending.logs}`,
        again(end),
      ];
    case "waits":
      return end.questions.length > 0
        ? ["Nobody answers here. In a terminal it asks and waits; or say it in the request, and start again:", `  enki run ${ending.call}`]
        : ["Nothing runs before it is approved. To start without being asked:", `  enki run --yes ${ending.call}`];
  }
};

const landed = ({ branch, base }: Ending, words: string): string[] =>
  branch === null
    ? [`${words} There is nothing to merge.`]
    : [
        `${words} It is on the branch ${branch}; your files and branches are as they were:`,
        `  git log --graph ${base}..${branch}`,
        `  git merge ${branch}`,
      ];

const again = ({ execution }: Seen): string => `How it came to be: enki graph ${execution.id}`;

/** What steps found, whole: it is nowhere else than in the ledger. */
const reports = ({ execution, ledger, plan }: Seen): string[] =>
  (plan?.steps ?? []).flatMap(({ id, title }) => {
    const text = ledger.artifacts[`${execution.id}/${id}`];
    if (text === undefined) return [];
    return [`${id}: ${oneLine(title)}`, indent(text), `  git show ${RUNS}${execution.id}:artifacts/${execution.id}/${id}.md`, ""];
  });

const skipped = ({ execution: { workflow } }: Seen): string[] =>
  Object.entries(workflow?.skipped ?? {}).map(([role, why]) => `${role} is skipped: ${oneLine(why, 500)}.`);

const LAST_LINES = 20;

const whyStopped = ({ execution, ledger, plan }: Seen): string[] => {
  const frozen = ledger.queues[execution.base]?.frozen;
  const failed = (plan?.steps ?? []).flatMap(({ id }) => {
    const step = execution.steps[id];
    if (step?.state !== "failed") return [];
    const log = lastWords(step).split("\n").slice(-LAST_LINES).join("\n");
    return [`${id} failed: ${oneLine(step.why?.why ?? "", 500)}`, ...(log === "" ? [] : [indent(log)])];
  });
  const whole = [execution.why?.why, frozen?.why].flatMap((why) => (why === undefined ? [] : [`Stopped: ${oneLine(why, 2_000)}`]));
  return failed.length > 0 ? failed : whole.length > 0 ? whole : ["Stopped."];
};
