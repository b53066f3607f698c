import { refuseBrokenLedger, refuseNewerLedger } from "../../core/messages/refusals/ledger.ts";
import { readOwn, writeOwn } from "../../core/domain/own-record.ts";
import type { BacklogItem } from "../../core/domain/backlog-item.ts";
import type { Brief } from "../../core/domain/brief.ts";
import type { Execution } from "../../core/domain/execution.ts";
import type { Hash } from "../../core/domain/ids.ts";
import { type Ledger, LEDGER_FORMAT } from "../../core/domain/ledger.ts";
import { emptyQueue, type Queue } from "../../core/domain/queue.ts";
import { createStep } from "../../core/domain/step.ts";
import type { Feedback } from "../../core/domain/feedback.ts";
import { upgradeArchivedExecution, upgradeFile } from "./upgrade-format-1.ts";
import { toFeedbackFile, readFeedbackFile } from "./feedback-file.ts";
import type { Mail } from "../../core/domain/mail.ts";
import type { Plan } from "../../core/domain/plan.ts";
import { accept, type Result } from "../../core/domain/refusal.ts";

/** Paths in the ledger's tree. Names chosen by people (base branches) are percent-encoded. */
const FORMAT_FILE = "format";
const INBOX_FILE = "inbox.json";
const BACKLOG_FILE = "backlog.json";
const EFFECTS_FILE = "effects.json";
const USAGE_FILE = "usage.json";
export const INPUTS_FILE = "inputs.json";

const NO_USAGE: Ledger["usage"] = {};

const toJsonText = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`;

/** Files that exist once per ledger. */
const listSingleFiles = (before: Ledger | null, after: Ledger): Map<string, string | null> => {
  const files = new Map<string, string | null>();
  const { cursor, handledEvents, outbox, effectRecords, backlog } = after;
  if (!before) files.set(FORMAT_FILE, `${LEDGER_FORMAT}\n`);
  if (before?.cursor !== cursor || before.handledEvents !== handledEvents) files.set(INBOX_FILE, toJsonText({ cursor, handledEvents }));
  if (before?.outbox !== outbox || before.effectRecords !== effectRecords) files.set(EFFECTS_FILE, toJsonText({ outbox, effectRecords }));
  if (before?.backlog !== backlog) files.set(BACKLOG_FILE, toJsonText(backlog));
  return files;
};

/**
 * All files of a ledger, or only those that changed since `before`; null deletes a file. Parts that are the same object are skipped.
 * If `before` has an earlier format, every file is written.
 */
export const toLedgerFiles = (before: Ledger | null, after: Ledger): Map<string, string | null> => {
  const changed = listChangedFiles(before, after);
  return before === null || before.format === LEDGER_FORMAT ? changed : new Map([...changed, ...listChangedFiles(null, after)]);
};

const listChangedFiles = (before: Ledger | null, after: Ledger): Map<string, string | null> => {
  const files = listSingleFiles(before, after);
  // Ledgers of earlier versions have no such file.
  if (before ? before.usage !== after.usage : Object.keys(after.usage).length > 0) files.set(USAGE_FILE, toJsonText(after.usage));
  forEachDifference(before?.executions, after.executions, (id, execution) => {
    files.set(`executions/${id}/state.json`, execution ? toJsonText(execution) : null);
    const known = listPlanHashes(readOwn(before?.executions ?? {}, id));
    for (const plan of listPlanHashes(execution ?? undefined))
      if (after.plans[plan] && !known.includes(plan)) files.set(`executions/${id}/plan-${plan}.json`, toJsonText(after.plans[plan]));
  });
  for (const path of listLeavingPlanFiles(before, after)) files.set(path, null);
  forEachDifference(before?.briefs, after.briefs, (id, brief) => files.set(toBriefPath(id), brief ? toJsonText(brief) : null));
  forEachDifference(before?.feedback, after.feedback, (key, feedback) => {
    const place = toFeedbackFile(key);
    if (place) files.set(`executions/${place.execution}/${place.file}`, feedback ? toJsonText(feedback) : null);
  });
  forEachDifference(before?.queues, after.queues, (base, queue) =>
    files.set(`queues/${encodeURIComponent(base)}.json`, queue ? toJsonText(queue) : null),
  );
  forEachDifference(before?.mails, after.mails, (id, mail) => files.set(`mail/${id}.json`, mail ? toJsonText(mail) : null));
  forEachDifference(before?.artifacts, after.artifacts, (name, text) => files.set(`artifacts/${name}.md`, text ?? null));
  forEachDifference(before?.answers, after.answers, (name, text) => files.set(`answers/${name}.md`, text ?? null));
  return files;
};

const toBriefPath = (id: string): string => `executions/${id}/brief.json`;

/** Hashes of an execution's plan and of its pending amendment. */
const listPlanHashes = (execution: Execution | undefined): Hash[] =>
  [execution?.plan, execution?.amendment?.plan].flatMap((plan) => plan ?? []);

const listLeavingExecutions = (before: Ledger | null, after: Ledger): string[] =>
  Object.keys(before?.executions ?? {}).filter((id) => !Object.hasOwn(after.executions, id));

/** Possible plan files of removed executions, including plans that were replaced. */
const listLeavingPlanFiles = (before: Ledger | null, after: Ledger): string[] => {
  const plans = Object.keys(before?.plans ?? {}).filter((plan) => !Object.hasOwn(after.plans, plan));
  return listLeavingExecutions(before, after).flatMap((id) => plans.map((plan) => `executions/${id}/plan-${plan}.json`));
};

/** Feedback of the execution's attempts, by file name. */
const listFeedbackFiles = ({ feedback }: Ledger, id: string): [string, unknown][] =>
  Object.entries(feedback).flatMap(([key, value]): [string, unknown][] => {
    const place = toFeedbackFile(key);
    return place?.execution === id ? [[place.file, value]] : [];
  });

/** Files for the archive: each removed execution, grouped by the month of its creation. */
export const toArchiveFiles = (before: Ledger, after: Ledger): Map<string, string> => {
  const files = new Map<string, string>();
  for (const id of listLeavingExecutions(before, after)) {
    const execution = readOwn(before.executions, id);
    if (!execution) continue;
    const folder = `${new Date(execution.createdAt).toISOString().slice(0, 7)}/${id}`;
    const plan = execution.plan === null ? undefined : before.plans[execution.plan];
    files.set(`${folder}/state.json`, toJsonText(execution));
    if (plan) files.set(`${folder}/plan-${execution.plan}.json`, toJsonText(plan));
    if (before.briefs[id]) files.set(`${folder}/brief.json`, toJsonText(before.briefs[id]));
    for (const [file, feedback] of listFeedbackFiles(before, id)) files.set(`${folder}/${file}`, toJsonText(feedback));
    for (const mail of Object.values(before.mails))
      if (mail.execution === id) files.set(`${folder}/mail/${mail.id}.json`, toJsonText(mail));
    for (const kind of ["artifacts", "answers"] as const) {
      for (const [name, text] of Object.entries(before[kind]))
        if (name.startsWith(`${id}/`)) files.set(`${folder}/${kind}/${name.slice(id.length + 1)}.md`, text);
    }
  }
  return files;
};

const forEachDifference = <T>(
  before: Readonly<Record<string, T>> | undefined,
  after: Readonly<Record<string, T>>,
  tell: (key: string, value: T | null) => void,
): void => {
  if (before === after) return;
  for (const [key, value] of Object.entries(after)) if (readOwn(before ?? {}, key) !== value) tell(key, value);
  for (const key of Object.keys(before ?? {})) if (!Object.hasOwn(after, key)) tell(key, null);
};

const EXECUTION_DEFAULTS = { amendment: null };

/** Adds fields that earlier versions lack. */
const upgradeExecution = (execution: Execution): Execution => ({
  ...fillMissing(EXECUTION_DEFAULTS, execution),
  steps: Object.fromEntries(Object.entries(execution.steps).map(([id, step]) => [id, fillMissing(createStep(id), step)])),
});

const upgradePlan = ({ steps }: Plan): Plan => ({ steps: steps.map((step) => fillMissing({ optional: false }, step)) });

/** Queues of earlier versions: candidates are built again, items keep their positions. A person's push no longer narrows a window. */
const upgradeQueue = (stored: Queue & { readonly window?: number }): Queue => {
  const { window: _, ...queue } = stored;
  if ("greenCommits" in queue) return queue;
  const { items, frozen, landedTip }: Pick<Queue, "items" | "frozen" | "landedTip"> = queue;
  return { ...emptyQueue, frozen, landedTip, items: items.map((item) => ({ ...item, passedBefore: false, mergedAgainst: null, log: "" })) };
};

/** Earlier versions stored only reactions to comments, by comment number. */
const upgradeOutbox = (outbox: Ledger["outbox"]): Ledger["outbox"] =>
  Object.fromEntries(
    Object.entries(outbox).map(([key, effect]) => {
      if (effect.kind !== "react" || !("comment" in effect) || typeof effect.comment !== "number") return [key, effect];
      const { comment, ...rest } = effect;
      return [key, { ...rest, target: { kind: "comment", id: comment } }];
    }),
  );

/** Adds missing fields after the existing ones, so that unchanged values serialize identically. */
const fillMissing = <T extends object>(defaults: object, value: T): T => ({
  ...value,
  ...Object.fromEntries(Object.entries(defaults).filter(([key]) => !Object.hasOwn(value, key))),
});

/** Reads a ledger of any supported format. Refusals: `newer-ledger`, `broken-ledger`. */
export const readLedger = (files: ReadonlyMap<string, Buffer>): Result<Ledger> => {
  const format = Number(files.get(FORMAT_FILE)?.toString("utf8") ?? "0");
  if (format > LEDGER_FORMAT) return refuseNewerLedger(format, LEDGER_FORMAT);
  try {
    return accept(parseLedger(files, format));
  } catch (error) {
    return refuseBrokenLedger(String(error));
  }
};

/** Parses the `state.json` of an archived execution. */
export const parseArchivedExecution = (text: string): Execution =>
  upgradeExecution(upgradeArchivedExecution(JSON.parse(text)) as Execution);

/** Parses the plan of an archived execution. */
export const parseArchivedPlan = (text: string): Plan => upgradePlan(JSON.parse(text) as Plan);

type ExecutionFiles = {
  readonly executions: Record<string, Execution>;
  readonly plans: Record<string, Ledger["plans"][string]>;
  readonly briefs: Record<string, Brief>;
  readonly feedback: Record<keyof Ledger["feedback"], Ledger["feedback"][keyof Ledger["feedback"]]>;
};

const addExecutionFile = (own: ExecutionFiles, { id, file, value }: { id: string; file: string; value: unknown }): void => {
  if (file === "state.json") writeOwn(own.executions, id, upgradeExecution(value as Execution));
  else if (file === "brief.json") writeOwn(own.briefs, id, fillMissing({ files: [] }, value as Brief));
  else if (file.startsWith("feedback-")) {
    const key = readFeedbackFile(id, file);
    if (key) own.feedback[key] = value as Feedback;
  } else if (file.startsWith("plan-")) writeOwn(own.plans, file.slice("plan-".length, -".json".length), upgradePlan(value as Plan));
};

// toLedgerFiles wrote the files, in the current format or an earlier one.
const parseLedger = (files: ReadonlyMap<string, Buffer>, format: number): Ledger => {
  const parseFile = (path: string, text: string): unknown => {
    const value: unknown = JSON.parse(text);
    return format < LEDGER_FORMAT ? upgradeFile(path, value) : value;
  };
  const read = <T>(path: string, otherwise: T): T => {
    const content = files.get(path);
    return content ? (parseFile(path, content.toString("utf8")) as T) : otherwise;
  };
  const own: ExecutionFiles = { executions: {}, plans: {}, briefs: {}, feedback: {} };
  const queues: Record<string, Ledger["queues"][string]> = {};
  const artifacts: Record<`${string}/${string}`, string> = {};
  const answers: Record<`${string}/${string}`, string> = {};
  const mails: Record<string, Mail> = {};
  for (const [path, content] of files) {
    const [folder, name = "", rest = ""] = path.split("/");
    const text = content.toString("utf8");
    if (folder === "executions") addExecutionFile(own, { id: name, file: rest, value: parseFile(path, text) });
    else if (folder === "queues")
      writeOwn(queues, decodeURIComponent(name.slice(0, -".json".length)), upgradeQueue(parseFile(path, text) as Queue));
    else if (folder === "mail") writeOwn(mails, name.slice(0, -".json".length), parseFile(path, text) as Mail);
    else if (folder === "artifacts") artifacts[`${name}/${rest.slice(0, -".md".length)}`] = text;
    else if (folder === "answers") answers[`${name}/${rest.slice(0, -".md".length)}`] = text;
  }
  const inbox = read<Pick<Ledger, "cursor" | "handledEvents">>(INBOX_FILE, { cursor: 0, handledEvents: {} });
  const { outbox, effectRecords } = read<Pick<Ledger, "outbox" | "effectRecords">>(EFFECTS_FILE, { outbox: {}, effectRecords: {} });
  const effects = { outbox: upgradeOutbox(outbox), effectRecords };
  const backlog = read<readonly BacklogItem[]>(BACKLOG_FILE, []);
  const usage = read<Ledger["usage"]>(USAGE_FILE, NO_USAGE);
  return { format, ...inbox, ...effects, ...own, queues, artifacts, answers, mails, usage, backlog };
};
