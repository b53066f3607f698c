import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Step } from "../../../src/core/domain/step.ts";
import type { Candidate, Queue } from "../../../src/core/domain/queue.ts";
import type { Execution } from "../../../src/core/domain/execution.ts";
import { type Ledger, LEDGER_FORMAT } from "../../../src/core/domain/ledger.ts";
import { LEDGER_REF } from "../../../src/core/domain/refs.ts";
import { parseArchivedExecution, readLedger, toLedgerFiles } from "../../../src/storage/ledger/ledger-files.ts";
import { loadLedger } from "../../../src/storage/ledger/load-ledger.ts";
import { replayLedger } from "../../../src/storage/ledger/replay-ledger.ts";
import { readJobResult } from "../../../src/storage/ledger/read-job-result.ts";
import { saveLedger } from "../../../src/storage/ledger/save-ledger.ts";
import { upgradeFile } from "../../../src/storage/ledger/upgrade-format-1.ts";
import { fc } from "../../support/fast-check.ts";
import { repository } from "../../support/repository.ts";
import { STORIES } from "./format-1/stories.ts";

type Stored = { ledgers: ReadonlyMap<string, Buffer>[]; archived: string[] };

/** Reads the ledgers of the stories in format 1, one ledger per line by its files, and the archived executions. */
const readStored = (name: string): Stored => {
  const lines = readFileSync(new URL(`./format-1/${name}.jsonl`, import.meta.url), "utf8")
    .trimEnd()
    .split("\n");
  const read = lines.map((line) => JSON.parse(line) as { ledger?: Record<string, unknown>; archived?: unknown });
  const toFile = ([path, value]: [string, unknown]): [string, Buffer] => [
    path,
    Buffer.from(path === "format" || path.endsWith(".md") ? String(value) : JSON.stringify(value)),
  ];
  return {
    ledgers: read.flatMap(({ ledger }) => (ledger ? [new Map(Object.entries(ledger).map(toFile))] : [])),
    archived: read.flatMap(({ archived }) => (archived ? [JSON.stringify(archived)] : [])),
  };
};

const load = (files: ReadonlyMap<string, Buffer>): Ledger => {
  const read = readLedger(files);
  if (!read.ok) throw new Error(read.refusal.message);
  return read.value;
};

const written = (ledger: Ledger): Map<string, Buffer> =>
  new Map([...toLedgerFiles(null, ledger)].flatMap(([path, text]) => (text === null ? [] : [[path, Buffer.from(text)] as const])));

/** Sentences by Enki. Their words change between versions, so the tests compare only their presence. */
const SENTENCES: ReadonlySet<string> = new Set(["body", "message", "reason"]);
const maskSentence = (key: string, value: unknown): unknown =>
  SENTENCES.has(key) && typeof value === "string" && value !== "" ? "a sentence" : value;

/** Sorts the keys of records, whose order has no meaning. */
const sortKeys = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value;

/** Hashes depend on field names, and times on a decision's number of questions. So each is replaced by its order of first appearance. */
const withoutHashes = (value: unknown): string => {
  const seen = new Map<string, number>();
  return JSON.stringify(value, (key, each) => sortKeys(maskSentence(key, each)), 1).replaceAll(
    /[0-9a-f]{12,}|\b\d{4,}\b/g,
    (found) => `#${seen.get(found) ?? (seen.set(found, seen.size), seen.size)}`,
  );
};

/**
 * Earlier versions had no trials. They recorded neither the text of a pull request, nor a head's verify run, approver, landing proof or earlier
 * failure.
 */
const withoutNewStepFields = (today: Step): Step => {
  const {
    trial: _trial,
    announcedState: _state,
    verification: _verification,
    approvals: _approvals,
    failure: _failure,
    landed,
    ...step
  } = today;
  const { proof: _proof, ...landing } = landed ?? { commit: "", at: 0 };
  return { ...step, landed: landed && landing };
};

/** Earlier versions recorded neither the approving comment of a plan, nor the shown plan, nor an estimate. */
const withoutApprovalSource = (today: Execution): Execution => {
  const { shownPlan: _, times: __, estimate: ___, ...rest } = today;
  const execution = {
    ...rest,
    steps: Object.fromEntries(Object.entries(rest.steps).map(([id, each]) => [id, withoutNewStepFields(each)])),
  };
  if (!execution.approved) return execution;
  const { plan, by, at } = execution.approved;
  return { ...execution, approved: { plan, by, at } };
};

/** Earlier versions did not record which runs had started. */
const withoutStarts = (candidate: Candidate): Candidate => {
  const runs = candidate.runs.map((each) => {
    const { started: _, ...run } = each;
    return run;
  });
  return { ...candidate, runs };
};

/** Earlier versions did not record the policy of a requested landing. */
const withoutPolicy = (today: NonNullable<Queue["landing"]>): NonNullable<Queue["landing"]> => {
  const { policy: _, ...landing } = today;
  return { ...landing, candidate: withoutStarts(landing.candidate) };
};

/** Earlier versions recorded neither the conflicting files of an item nor the number of runners for the base. */
const withoutNewQueueFields = (today: Queue): Queue => {
  const { capacity: _capacity, freezes: _freezes, verdictRuns: _runs, durations: _durations, ...queue } = today;
  const items = queue.items.map((each) => {
    const { conflictPaths: _paths, verifyKind: _kind, enteredAt: _entered, ...item } = each;
    return item;
  });
  const landing = queue.landing && { landing: withoutPolicy(queue.landing) };
  return { ...queue, items, candidates: queue.candidates.map(withoutStarts), ...landing };
};

/** Earlier versions notified nobody. */
const NOTICE_KEY = /^(?:write-comment:notice\/|request-review:)/;

/** Earlier versions kept no counts per person. */
const withoutNewFields = ({ executions, queues, effectRecords, ...ledger }: Ledger): Ledger => ({
  ...ledger,
  effectRecords: Object.fromEntries(Object.entries(effectRecords).filter(([key]) => !NOTICE_KEY.test(key))),
  queues: Object.fromEntries(Object.entries(queues).map(([base, queue]) => [base, withoutNewQueueFields(queue)])),
  usage: {},
  executions: Object.fromEntries(Object.entries(executions).map(([id, execution]) => [id, withoutApprovalSource(execution)])),
});

/** Today's comments have more lines, so the last edit of a comment may have another time. */
const withoutEditTimes = ({ effectRecords, ...ledger }: Ledger): Ledger => ({
  ...ledger,
  effectRecords: Object.fromEntries(
    Object.entries(effectRecords).map(([key, record]) => [key, key.startsWith("write-comment:execution/") ? { ...record, at: 0 } : record]),
  ),
});

/** Earlier versions answered each typo with a separate comment, which named the comment with the typo. */
const withoutSharedReplies = (text: string): string =>
  text.replaceAll("write-comment:shared/hint/8", "write-comment:reply/19").replaceAll("enki:reply:hint8", "enki:reply:19");

const toText = (value: unknown): string =>
  Array.isArray(value) ? value.map((each) => withoutHashes(each)).join("\n") : withoutHashes(value);

describe.each(Object.entries(STORIES))("a ledger of format 1: %s", (name, tell) => {
  const stored = readStored(name);

  test("equals the ledger of the same story today", async () => {
    const now = await tell();
    expect(now.ledgers).toHaveLength(stored.ledgers.length);
    const loaded = stored.ledgers.map((files) => load(files));
    expect(loaded.map(({ format }) => format)).toEqual(loaded.map(() => 1));
    const read = now.ledgers.map((ledger) => withoutEditTimes(withoutNewFields(load(written(ledger)))));
    expect(toText(loaded.map((ledger) => withoutEditTimes({ ...ledger, format: LEDGER_FORMAT })))).toBe(withoutSharedReplies(toText(read)));
    expect(toText(stored.archived.map((text) => parseArchivedExecution(text)))).toBe(
      toText(now.archived.map((execution) => withoutApprovalSource(execution as Execution))),
    );
  });

  test("is rewritten completely in format 2 by its next write", () => {
    for (const files of stored.ledgers) {
      const before = load(files);
      const after = { ...before, cursor: before.cursor + 1 };
      expect(Object.fromEntries(toLedgerFiles(before, after))).toEqual(Object.fromEntries(toLedgerFiles(null, after)));
      expect(toLedgerFiles(before, after).get("format")).toBe(`${LEDGER_FORMAT}\n`);
    }
  });
});

let repo: Awaited<ReturnType<typeof repository>>;
beforeAll(async () => {
  repo = await repository();
});
afterAll(() => repo.close());

test("the first write after format 1 leaves nothing of it; older writes are not replayed", async () => {
  const clone = await repo.clone();
  const [files = new Map<string, Buffer>()] = readStored("work").ledgers;
  const old = new Map([...files, ["inputs.json", Buffer.from('{"events":[]}')] as const]);
  const tree = await clone.writeFiles(null, new Map([...old].map(([path, content]) => [path, { content, mode: "100644" as const }])));
  const first = await clone.writeCommit({ tree, parents: [], message: "an old write", at: 0 });
  await clone.push([{ ref: LEDGER_REF, oldSha: null, newSha: first }]);
  const write = async (cursor: number): Promise<Ledger> => {
    await clone.fetch();
    const { ledger, head } = await loadLedger(clone, await clone.refs());
    const after = { ...ledger, cursor };
    const rest = { notes: [`cursor ${cursor}`], moves: [], attempts: [], attemptsTip: null, archiveTip: null, at: 0, nonce: `${cursor}` };
    const saved = await saveLedger(clone, { before: ledger, head, after, inputs: { events: [] }, ...rest });
    expect(saved.kind).toBe("saved");
    return after;
  };
  const after = await write(10);
  const tip = repo.git("rev-parse", LEDGER_REF);
  const now = await clone.readFiles(tip);
  now.delete("inputs.json");
  const texts = Object.fromEntries([...now].map(([path, content]) => [path, content.toString("utf8")]));
  expect(texts).toEqual(Object.fromEntries(toLedgerFiles(null, after)));
  expect((await loadLedger(clone, await clone.refs())).ledger).toEqual({ ...after, format: LEDGER_FORMAT });
  await write(11);
  expect(repo.git("diff-tree", "-r", "--name-only", tip, LEDGER_REF).split("\n")).toEqual(["inbox.json"]);
  await clone.fetch();
  const cursors = [10, 11];
  const replayed = await replayLedger(clone, (ledger) => ({ ...ledger, cursor: cursors.shift() ?? 0 }));
  expect(replayed.map(({ end, subject }) => [end, subject])).toEqual([
    ["older", "an old write"],
    ["same", "cursor 10"],
    ["same", "cursor 11"],
  ]);
});

test("refuses a ledger of a later format", () => {
  const later = readLedger(new Map([["format", Buffer.from(`${LEDGER_FORMAT + 1}\n`)]]));
  expect(later).toMatchObject({ ok: false, refusal: { code: "newer-ledger" } });
});

describe("a result", () => {
  const rest = { job: "work/abcdef-fix/1", run: 1, end: "failed", output: "", artifact: null, files: [], tools: [], spent: 0 };
  const base = "1".repeat(40);

  test("in format 1, published by an earlier Enki, is read", () => {
    const now = { ...rest, format: 2, baseCommit: base, reason: "It broke.", outcome: null, answer: "", replies: [] };
    expect(readJobResult(JSON.stringify({ ...rest, format: 1, base, why: "It broke." }))).toEqual(now);
    expect(readJobResult(JSON.stringify(now))).toEqual(now);
  });

  test.each([
    ["no format", { base, why: "" }],
    ["a later format", { format: 3, baseCommit: base, reason: "" }],
    ["the old names in the present format", { format: 2, base, why: "" }],
    ["no base", { format: 1, why: "" }],
  ])("with %s is ignored", (_, over) => {
    expect(readJobResult(JSON.stringify({ ...rest, ...over }))).toBeNull();
  });
});

const PATHS = ["inbox.json", "effects.json", "queues/main.json", "executions/a/state.json", "executions/a/brief.json"];
const OTHERS = ["executions/a/feedback-x.1.json", "executions/a/plan-1.json", "mail/m.json", "backlog.json", "elsewhere.json"];

describe("the upgrade", () => {
  /** Members from format 1, in every place, and names that might break a walk through the members. */
  const names =
    `why until base made head from on before said by left tip landed seen good tries steps fix resolution items candidates runs landing candidate terms planning adding revision outbox traces kind key known refused read files pull workflow pieces frozen __proto__ constructor toString`
      .split(" ")
      .concat("say:execution/a", "");
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 6, depthIdentifier: "value" },
      fc.constantFrom(null, true, 0, "", "worker_done", "say", "say:execution/a", "a"),
      fc.array(tie("value"), { maxLength: 3, depthIdentifier: "value" }),
      fc.dictionary(fc.constantFrom(...names), tie("value"), { maxKeys: 8, depthIdentifier: "value" }),
    ),
  }));
  /** Counts members and items at every depth. */
  const count = (of: unknown): number =>
    typeof of === "object" && of !== null ? Object.values(of).reduce<number>((sum, each) => sum + 1 + count(each), 0) : 0;

  test.each([...PATHS, ...OTHERS])("of %s accepts anything and loses nothing", (path) => {
    fc.assert(
      fc.property(value, (old) => {
        const before = JSON.stringify(old);
        const next = upgradeFile(path, old);
        expect(JSON.stringify(old)).toBe(before);
        expect(count(next)).toBe(count(old));
      }),
    );
  });
});
