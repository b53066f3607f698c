import type { Execution } from "../model/execution.ts";
import { type Ledger, LEDGER_FORMAT } from "../model/ledger.ts";
import { accept, refuse, type Result } from "../model/refusal.ts";

/** Paths in the ledger's tree. Names that people chose (a base) are percent-encoded. */
const FORMAT = "format";
const INBOX = "inbox.json";
const EFFECTS = "effects.json";
export const INPUTS = "inputs.json";

const json = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`;

/** The files of a ledger, or only those that differ from another; null removes. Parts that are the same object are not looked at. */
export const ledgerFiles = (before: Ledger | null, after: Ledger): Map<string, string | null> => {
  const files = new Map<string, string | null>();
  if (!before) files.set(FORMAT, `${LEDGER_FORMAT}\n`);
  if (before?.cursor !== after.cursor || before.handled !== after.handled)
    files.set(INBOX, json({ cursor: after.cursor, handled: after.handled }));
  if (before?.outbox !== after.outbox || before.traces !== after.traces)
    files.set(EFFECTS, json({ outbox: after.outbox, traces: after.traces }));
  differ(before?.executions, after.executions, (id, execution) => {
    files.set(`executions/${id}/state.json`, execution ? json(execution) : null);
    const plan = execution?.plan;
    if (plan && after.plans[plan] && before?.executions[id]?.plan !== plan)
      files.set(`executions/${id}/plan-${plan}.json`, json(after.plans[plan]));
  });
  differ(before?.queues, after.queues, (base, queue) => files.set(`queues/${encodeURIComponent(base)}.json`, queue ? json(queue) : null));
  differ(before?.artifacts, after.artifacts, (name, text) => files.set(`artifacts/${name}.md`, text ?? null));
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

// What is read here was written by ledgerFiles, in this format.
const parse = (files: ReadonlyMap<string, Buffer>): Ledger => {
  const read = <T>(path: string, otherwise: T): T => {
    const content = files.get(path);
    return content ? (JSON.parse(content.toString("utf8")) as T) : otherwise;
  };
  const executions: Record<string, Execution> = {};
  const plans: Record<string, Ledger["plans"][string]> = {};
  const queues: Record<string, Ledger["queues"][string]> = {};
  const artifacts: Record<`${string}/${string}`, string> = {};
  for (const [path, content] of files) {
    const [folder, name = "", rest = ""] = path.split("/");
    const text = content.toString("utf8");
    if (folder === "executions" && rest === "state.json") executions[name] = JSON.parse(text);
    else if (folder === "executions" && rest.startsWith("plan-")) plans[rest.slice("plan-".length, -".json".length)] = JSON.parse(text);
    else if (folder === "queues") queues[decodeURIComponent(name.slice(0, -".json".length))] = JSON.parse(text);
    else if (folder === "artifacts") artifacts[`${name}/${rest.slice(0, -".md".length)}`] = text;
  }
  const inbox = read<Pick<Ledger, "cursor" | "handled">>(INBOX, { cursor: 0, handled: {} });
  const effects = read<Pick<Ledger, "outbox" | "traces">>(EFFECTS, { outbox: {}, traces: {} });
  return { format: LEDGER_FORMAT, ...inbox, ...effects, executions, plans, queues, artifacts };
};
