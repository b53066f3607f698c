import type { BacklogItem } from "../model/backlog.ts";
import type { Brief } from "../model/brief.ts";
import type { Execution } from "../model/execution.ts";
import type { Hash } from "../model/ids.ts";
import { type Ledger, LEDGER_FORMAT } from "../model/ledger.ts";
import { emptyQueue, type Queue } from "../model/queue.ts";
import { newStep } from "../model/step.ts";
import { feedbackFile, readFeedbackFile } from "./feedback-path.ts";
import type { Mail } from "../model/mail.ts";
import type { Plan } from "../model/plan.ts";
import { accept, refuse, type Result } from "../model/refusal.ts";

/** Paths in the ledger's tree. Names that people chose (a base) are percent-encoded. */
const FORMAT = "format";
const INBOX = "inbox.json";
const BACKLOG = "backlog.json";
const EFFECTS = "effects.json";
export const INPUTS = "inputs.json";

const json = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`;

/** The files of which a ledger has one each. */
const singleFiles = (before: Ledger | null, after: Ledger): Map<string, string | null> => {
  const files = new Map<string, string | null>();
  const { cursor, handled, outbox, traces, backlog } = after;
  if (!before) files.set(FORMAT, `${LEDGER_FORMAT}\n`);
  if (before?.cursor !== cursor || before.handled !== handled) files.set(INBOX, json({ cursor, handled }));
  if (before?.outbox !== outbox || before.traces !== traces) files.set(EFFECTS, json({ outbox, traces }));
  if (before?.backlog !== backlog) files.set(BACKLOG, json(backlog));
  return files;
};

/** The files of a ledger, or only those that differ from another; null removes. Parts that are the same object are not looked at. */
export const ledgerFiles = (before: Ledger | null, after: Ledger): Map<string, string | null> => {
  const files = singleFiles(before, after);
  differ(before?.executions, after.executions, (id, execution) => {
    files.set(`executions/${id}/state.json`, execution ? json(execution) : null);
    const known = plansOf(before?.executions[id]);
    for (const plan of plansOf(execution ?? undefined))
      if (after.plans[plan] && !known.includes(plan)) files.set(`executions/${id}/plan-${plan}.json`, json(after.plans[plan]));
  });
  for (const path of leftPlans(before, after)) files.set(path, null);
  differ(before?.briefs, after.briefs, (id, brief) => files.set(briefPath(id), brief ? json(brief) : null));
  differ(before?.feedback, after.feedback, (key, feedback) => {
    const place = feedbackFile(key);
    if (place) files.set(`executions/${place.execution}/${place.file}`, feedback ? json(feedback) : null);
  });
  differ(before?.queues, after.queues, (base, queue) => files.set(`queues/${encodeURIComponent(base)}.json`, queue ? json(queue) : null));
  differ(before?.mails, after.mails, (id, mail) => files.set(`mail/${id}.json`, mail ? json(mail) : null));
  differ(before?.artifacts, after.artifacts, (name, text) => files.set(`artifacts/${name}.md`, text ?? null));
  differ(before?.answers, after.answers, (name, text) => files.set(`answers/${name}.md`, text ?? null));
  return files;
};

const briefPath = (id: string): string => `executions/${id}/brief.json`;

/** The plan of an execution, and the one that it would have with what is to be added. */
const plansOf = (execution: Execution | undefined): Hash[] => [execution?.plan, execution?.adding?.plan].flatMap((plan) => plan ?? []);

/** Executions that a write takes out of the ledger. */
const leaving = (before: Ledger | null, after: Ledger): string[] =>
  Object.keys(before?.executions ?? {}).filter((id) => !(id in after.executions));

/** Where the plans of executions that leave may be: also those that another plan had replaced. */
const leftPlans = (before: Ledger | null, after: Ledger): string[] => {
  const plans = Object.keys(before?.plans ?? {}).filter((plan) => !(plan in after.plans));
  return leaving(before, after).flatMap((id) => plans.map((plan) => `executions/${id}/plan-${plan}.json`));
};

/** What the attempts of an execution were given, by file. */
const feedbackOf = ({ feedback }: Ledger, id: string): [string, unknown][] =>
  Object.entries(feedback).flatMap(([key, value]): [string, unknown][] => {
    const place = feedbackFile(key);
    return place?.execution === id ? [[place.file, value]] : [];
  });

/** What a write puts into the archive: the executions that it takes out of the ledger, whole, by the month in which they began. */
export const archiveFiles = (before: Ledger, after: Ledger): Map<string, string> => {
  const files = new Map<string, string>();
  for (const id of leaving(before, after)) {
    const execution = before.executions[id];
    if (!execution) continue;
    const folder = `${new Date(execution.created).toISOString().slice(0, 7)}/${id}`;
    const plan = execution.plan === null ? undefined : before.plans[execution.plan];
    files.set(`${folder}/state.json`, json(execution));
    if (plan) files.set(`${folder}/plan-${execution.plan}.json`, json(plan));
    if (before.briefs[id]) files.set(`${folder}/brief.json`, json(before.briefs[id]));
    for (const [file, feedback] of feedbackOf(before, id)) files.set(`${folder}/${file}`, json(feedback));
    for (const mail of Object.values(before.mails)) if (mail.execution === id) files.set(`${folder}/mail/${mail.id}.json`, json(mail));
    for (const kind of ["artifacts", "answers"] as const) {
      for (const [name, text] of Object.entries(before[kind]))
        if (name.startsWith(`${id}/`)) files.set(`${folder}/${kind}/${name.slice(id.length + 1)}.md`, text);
    }
  }
  return files;
};

const differ = <T>(
  before: Readonly<Record<string, T>> | undefined,
  after: Readonly<Record<string, T>>,
  tell: (key: string, value: T | null) => void,
): void => {
  if (before === after) return;
  for (const [key, value] of Object.entries(after)) if (before?.[key] !== value) tell(key, value);
  for (const key of Object.keys(before ?? {})) if (!(key in after)) tell(key, null);
};

const lacking = { adding: null };

/** Fields that an execution's file of an earlier version lacks. */
const upgrade = (execution: Execution): Execution => ({
  ...filled(lacking, execution),
  steps: Object.fromEntries(Object.entries(execution.steps).map(([id, step]) => [id, filled(newStep(id), step)])),
});

/** Steps of a plan of an earlier version are not optional. */
const upgradePlan = ({ steps }: Plan): Plan => ({ steps: steps.map((step) => filled({ optional: false }, step)) });

/** A queue of an earlier version: its candidates are built again, its items keep their places. */
const upgradeQueue = (queue: Queue): Queue => {
  if ("sound" in queue) return queue;
  const { items, frozen, landed }: Pick<Queue, "items" | "frozen" | "landed"> = queue;
  return { ...emptyQueue, frozen, landed, items: items.map((item) => ({ ...item, cleared: false, met: null, log: "" })) };
};

/** An earlier version knew reactions to comments only, by the number of the comment. */
const upgradeOutbox = (outbox: Ledger["outbox"]): Ledger["outbox"] =>
  Object.fromEntries(
    Object.entries(outbox).map(([key, effect]) => {
      if (effect.kind !== "react" || !("comment" in effect) || typeof effect.comment !== "number") return [key, effect];
      const { comment, ...rest } = effect;
      return [key, { ...rest, on: { kind: "comment", id: comment } }];
    }),
  );

/** What is lacking is added behind what is there: the order of what was written stays, so that it is written the same again. */
const filled = <T extends object>(defaults: object, value: T): T => ({
  ...value,
  ...Object.fromEntries(Object.entries(defaults).filter(([key]) => !(key in value))),
});

/** A ledger from its files. Refusals: `newer-ledger`, `broken-ledger`. */
export const readLedger = (files: ReadonlyMap<string, Buffer>): Result<Ledger> => {
  const format = Number(files.get(FORMAT)?.toString("utf8") ?? "0");
  if (format > LEDGER_FORMAT)
    return refuse("newer-ledger", `The ledger has format ${format}; this Enki writes format ${LEDGER_FORMAT}.`, "update Enki");
  try {
    return accept(parse(files));
  } catch (error) {
    return refuse("broken-ledger", `The ledger cannot be read: ${String(error)}`, "enki doctor");
  }
};

type ExecutionFiles = {
  readonly executions: Record<string, Execution>;
  readonly plans: Record<string, Ledger["plans"][string]>;
  readonly briefs: Record<string, Brief>;
  readonly feedback: Record<keyof Ledger["feedback"], Ledger["feedback"][keyof Ledger["feedback"]]>;
};

const readExecutionFile = (own: ExecutionFiles, { id, file, text }: Readonly<Record<"id" | "file" | "text", string>>): void => {
  if (file === "state.json") own.executions[id] = upgrade(JSON.parse(text));
  else if (file === "brief.json") own.briefs[id] = filled({ files: [] }, JSON.parse(text) as Brief);
  else if (file.startsWith("feedback-")) {
    const key = readFeedbackFile(id, file);
    if (key) own.feedback[key] = JSON.parse(text);
  } else if (file.startsWith("plan-")) own.plans[file.slice("plan-".length, -".json".length)] = upgradePlan(JSON.parse(text));
};

// What is read here was written by ledgerFiles, in this format.
const parse = (files: ReadonlyMap<string, Buffer>): Ledger => {
  const read = <T>(path: string, otherwise: T): T => {
    const content = files.get(path);
    return content ? (JSON.parse(content.toString("utf8")) as T) : otherwise;
  };
  const own: ExecutionFiles = { executions: {}, plans: {}, briefs: {}, feedback: {} };
  const queues: Record<string, Ledger["queues"][string]> = {};
  const artifacts: Record<`${string}/${string}`, string> = {};
  const answers: Record<`${string}/${string}`, string> = {};
  const mails: Record<string, Mail> = {};
  for (const [path, content] of files) {
    const [folder, name = "", rest = ""] = path.split("/");
    const text = content.toString("utf8");
    if (folder === "executions") readExecutionFile(own, { id: name, file: rest, text });
    else if (folder === "queues") queues[decodeURIComponent(name.slice(0, -".json".length))] = upgradeQueue(JSON.parse(text));
    else if (folder === "mail") mails[name.slice(0, -".json".length)] = JSON.parse(text);
    else if (folder === "artifacts") artifacts[`${name}/${rest.slice(0, -".md".length)}`] = text;
    else if (folder === "answers") answers[`${name}/${rest.slice(0, -".md".length)}`] = text;
  }
  const inbox = read<Pick<Ledger, "cursor" | "handled">>(INBOX, { cursor: 0, handled: {} });
  const { outbox, traces } = read<Pick<Ledger, "outbox" | "traces">>(EFFECTS, { outbox: {}, traces: {} });
  const effects = { outbox: upgradeOutbox(outbox), traces };
  const backlog = read<readonly BacklogItem[]>(BACKLOG, []);
  return { format: LEDGER_FORMAT, ...inbox, ...effects, ...own, queues, artifacts, answers, mails, backlog };
};
