import { existsSync, readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { Execution, ExecutionState, PlanAmendment } from "../../../../src/core/domain/execution.ts";
import type { NoticeKind } from "../../../../src/core/domain/notice.ts";
import type { QueueItem } from "../../../../src/core/domain/queue.ts";
import type { StepState } from "../../../../src/core/domain/step.ts";
import { listWaiting, type WaitingItem } from "../../../../src/core/messages/waiting-items.ts";
import { END_SCENES } from "./end-scenes.ts";
import { HOLD_SCENES } from "./hold-scenes.ts";
import { LANDING_SCENES } from "./landing-scenes.ts";
import { PLANNING_SCENES } from "./planning-scenes.ts";
import { PULL_SCENES } from "./pull-scenes.ts";
import { REASON_SCENES } from "./reason-scenes.ts";
import { findTold, showState, type Told } from "./show-state.ts";
import { WORKING_SCENES } from "./working-scenes.ts";

const SCENES = Object.entries({
  ...PLANNING_SCENES,
  ...WORKING_SCENES,
  ...HOLD_SCENES,
  ...LANDING_SCENES,
  ...PULL_SCENES,
  ...REASON_SCENES,
  ...END_SCENES,
});
const toFileName = (title: string): string => title.replaceAll(/[^a-z0-9]+/gi, "-").toLowerCase();

/** Every case of a union. A new case without an entry does not compile. */
type EveryCase<Union extends string> = Readonly<Record<Union, true>>;

const EXECUTION_STATES: EveryCase<ExecutionState> = {
  planning: true,
  asking: true,
  proposed: true,
  running: true,
  paused: true,
  done: true,
  failed: true,
  cancelled: true,
};
const STEP_STATES: EveryCase<StepState> = {
  pending: true,
  ready: true,
  running: true,
  published: true,
  waiting: true,
  paused: true,
  done: true,
  failed: true,
  blocked: true,
  skipped: true,
  cancelled: true,
};
const AMENDMENT_STATES: EveryCase<PlanAmendment["state"]> = { planning: true, proposed: true, refused: true };
const REVISION_STATES: EveryCase<NonNullable<Execution["revision"]>["state"]> = { planning: true, done: true, refused: true };
const QUEUE_STATES: EveryCase<QueueItem["state"]> = { queued: true, held: true, resolving: true, accused: true };
const WAITING_KINDS: EveryCase<WaitingItem["kind"]> = {
  plan: true,
  review: true,
  report: true,
  question: true,
  hold: true,
  failure: true,
};
const NOTICE_KINDS: EveryCase<NoticeKind> = {
  plan: true,
  question: true,
  review: true,
  report: true,
  confirmation: true,
  approval: true,
  failure: true,
  stop: true,
  refusal: true,
  freeze: true,
  budget: true,
  nothing: true,
  answer: true,
};

/** The sentences of notices that are comments. A question is a comment of its own, and a review is requested. */
const NOTICE_WORDS: Readonly<Record<Exclude<NoticeKind, "approval">, RegExp>> = {
  plan: /@maintainer, (?:a plan is|more steps are) ready for your approval/,
  question: /the agent waits for your answer/,
  review: /Reviews requested: #\d+ by maintainer/,
  report: /is finished and needs your approval/,
  confirmation: /found nothing to do, and other steps need it/,
  failure: /@maintainer, (?:`\w+`|#\d+) failed/,
  stop: /@maintainer, Enki stopped/,
  refusal: /@maintainer, Enki could not change the plan/,
  freeze: /@maintainer, nothing lands on/,
  budget: /@maintainer, the budget of `\w+` is spent/,
  nothing: /@maintainer, nothing was changed/,
  answer: /@maintainer, here is the answer/,
};

/** The files that contain the reasons of steps, executions and queues. */
const REASON_FILES = [
  "refusals/steps.ts",
  "refusals/job-starts.ts",
  "refusals/reviews.ts",
  "refusals/deadlines.ts",
  "refusals/queues.ts",
  "queue-refusals.ts",
];
const readReasonCodes = (): string[] =>
  REASON_FILES.flatMap((file) => {
    const text = readFileSync(new URL(`../../../../src/core/messages/${file}`, import.meta.url), "utf8");
    return [...text.matchAll(/refuse\(\s*"([a-z-]+)"/g)].map(([, code = ""]) => code);
  });

/** Reasons without a story here, each with its test. A shown reason does not belong in this table. */
const TOLD_ELSEWHERE: Readonly<Record<string, string>> = {
  "work-cancelled": "core/decisions/job-ends.test.ts",
  "work-refused": "core/decisions/job-ends.test.ts",
  "work-asked": "conformance/outputs.test.ts",
  "push-refused": "core/decisions/refused-pushes.test.ts",
  "branch-lost": "core/decisions/scenarios.test.ts",
  "base-waits": "core/decisions/rewinds.test.ts",
  "base-conflict": "core/decisions/needs.test.ts",
  "work-conflict": "core/decisions/rewinds.test.ts",
  "stale-base": "core/decisions/needs.test.ts",
  "pull-unseen": "core/decisions/asked-pulls.test.ts",
  "hasty-review": "core/decisions/attacks.test.ts",
  "pusher-unknown": "attacks/gates.test.ts",
  "in-queue": "core/decisions/merge-queue.test.ts",
  "conflict-ahead": "core/decisions/conflict-lines.test.ts",
  conflict: "core/decisions/land-pull.test.ts",
  "changes-requested": "core/decisions/feedback.test.ts",
  "not-allowed": "core/decisions/modes.test.ts",
  outage: "core/decisions/gate.test.ts",
};

/** Lists each step's words in the comment's table, and its line of `enki status`. */
const listStepWords = (text: string): { readonly step: string; readonly comment: string; readonly terminal: string }[] => {
  const status = /^\$ enki status\n([^]*?)\n\n/m.exec(text)?.[1] ?? "";
  const own = text.slice(0, text.search(/^## (?:Other comments|Pull request|The terminal)/m));
  return [...own.matchAll(/^\| \S+ ([^|]+?) \| `(\w+)` \|/gm)].map(([, cell = "", step = ""]) => ({
    step,
    // The comment adds the reason, the pull request, the run and the commit.
    comment: cell.replaceAll("*", "").replace(/(?: ·|:| in #\d+ as | as [0-9a-f]{12}).*$/, ""),
    terminal: status.split("\n").find((line) => line.includes(`  ${step} `)) ?? "",
  }));
};

const seen = {
  executions: new Set<string>(),
  steps: new Set<string>(),
  amendments: new Set<string>(),
  revisions: new Set<string>(),
  queue: new Set<string>(),
  waiting: new Set<string>(),
  codes: new Set<string>(),
  texts: [] as string[],
};

const note = (told: Told, text: string): void => {
  const execution = findTold(told);
  const { state, amendment, revision, steps, refusal, baseBranch, id } = execution;
  const queue = told.it.state.ledger.queues[baseBranch];
  seen.executions.add(state);
  if (amendment) seen.amendments.add(amendment.state);
  if (revision) seen.revisions.add(revision.state);
  for (const step of Object.values(steps)) seen.steps.add(step.state);
  for (const item of queue?.items ?? []) if (item.task.startsWith(id)) seen.queue.add(item.state);
  for (const { kind } of listWaiting(execution)) seen.waiting.add(kind);
  const refusals = [refusal, queue?.frozen, amendment?.refusal, ...Object.values(steps).map((step) => step.refusal)];
  for (const each of refusals) if (each) seen.codes.add(each.code);
  seen.texts.push(text);
};

describe("what a person sees: the comment, pull requests and the terminal", () => {
  const texts = new Map<string, string>();
  beforeAll(async () => {
    for (const [title, { about, tell }] of SCENES) {
      const told = await tell();
      texts.set(title, showState(title, about, told));
      note(told, texts.get(title) ?? "");
    }
  });

  test.each(SCENES.map(([title]) => title))("%s", async (title) => {
    await expect(texts.get(title)).toMatchFileSnapshot(`shown/${toFileName(title)}.md`);
  });

  test("the terminal says of every step what the comment says", () => {
    const told = [...texts].flatMap(([title, text]) => listStepWords(text).map((words) => ({ title, ...words })));
    expect(told.length).toBeGreaterThan(100);
    expect(told.filter(({ comment, terminal }) => !terminal.includes(`  ${comment}`))).toEqual([]);
  });

  test("the terminal offers the next command of the comment", () => {
    const offered = [...texts].flatMap(([title, text]) => {
      const [own = "", terminal = ""] = text.split("\n## The terminal\n");
      return [...own.matchAll(/^(?:❌|### Stopped)[^]*?```\n(\/enki \S+)([^`\n]*)\n```/gm)].map(([, command = "", rest = ""]) => ({
        title,
        line: `    ${command.slice(1)}${rest}`,
        terminal,
      }));
    });
    expect(offered.length).toBeGreaterThan(8);
    expect(offered.filter(({ line, terminal }) => !terminal.includes(line)).map(({ title, line }) => `${title}: ${line}`)).toEqual([]);
  });

  test("every shown reason leads to its paragraph", () => {
    const page = readFileSync(new URL("../../../../docs/reference/refusals.md", import.meta.url), "utf8");
    const linked = [...texts].flatMap(([title, text]) =>
      [...text.matchAll(/\[`([^`]+)`\]\(https:\/\/\S+?\/refusals\.md#([a-z-]+)\)/g)].map(([, code, anchor = ""]) => ({
        title,
        code,
        anchor,
      })),
    );
    expect(new Set(linked.map(({ anchor }) => anchor)).size).toBeGreaterThan(25);
    expect(linked.filter(({ code, anchor }) => code !== anchor || !page.includes(`\n## \`${anchor}\`\n`))).toEqual([]);
  });

  test("a failed step, and a plan that failed, name their reason with a link", () => {
    const bare = [...texts].flatMap(([title, text]) =>
      [...text.matchAll(/^(?:❌ \*\*.*|> \[!CAUTION\]\n> .*)$/gm)].flatMap(([line]) =>
        line.includes("/refusals.md#") ? [] : [`${title}: ${line}`],
      ),
    );
    expect(bare).toEqual([]);
  });

  test("no snapshot is left of a state that nobody tells", () => {
    const files = readdirSync(new URL("shown", import.meta.url));
    expect(files.toSorted()).toEqual(SCENES.map(([title]) => `${toFileName(title)}.md`).toSorted());
  });

  test("every state of an execution, a plan's change, a step and its place in the queue is shown", () => {
    const without = (all: object, shown: ReadonlySet<string>): string[] => Object.keys(all).filter((each) => !shown.has(each));
    expect([
      without(EXECUTION_STATES, seen.executions),
      without(STEP_STATES, seen.steps),
      without(AMENDMENT_STATES, seen.amendments),
      without(REVISION_STATES, seen.revisions),
      without(QUEUE_STATES, seen.queue),
      without(WAITING_KINDS, seen.waiting),
    ]).toEqual([[], [], [], [], [], []]);
  });

  test("every notice is shown", () => {
    expect(Object.keys(NOTICE_WORDS).concat("approval").toSorted()).toEqual(Object.keys(NOTICE_KINDS).toSorted());
    const missing = Object.entries(NOTICE_WORDS).filter(([, words]) => !seen.texts.some((text) => words.test(text)));
    expect(missing.map(([kind]) => kind)).toEqual([]);
  });

  test("every reason of a step, an execution and a queue is shown, or told in another test", () => {
    const codes = [...new Set(readReasonCodes())];
    expect(codes.filter((code) => !seen.codes.has(code) && TOLD_ELSEWHERE[code] === undefined)).toEqual([]);
    expect(Object.keys(TOLD_ELSEWHERE).filter((code) => seen.codes.has(code) || !codes.includes(code))).toEqual([]);
    const absent = Object.values(TOLD_ELSEWHERE).filter((file) => !existsSync(new URL(`../../../${file}`, import.meta.url)));
    expect(absent).toEqual([]);
  });
});
