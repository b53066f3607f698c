import { describe, expect, test } from "vitest";
import { parseComment } from "../../src/core/commands/parse-comment.ts";
import { readConfig } from "../../src/core/config/read-config.ts";
import { openLedgerWriter, openGraphRecords, openSideRecords, openUsageRecords } from "../../src/core/decisions/ledger-writer.ts";
import type { Check } from "../../src/core/domain/github-facts.ts";
import { findTarget } from "../../src/core/domain/find-target.ts";
import { readTaskId } from "../../src/core/domain/ids.ts";
import { emptyLedger, type Ledger } from "../../src/core/domain/ledger.ts";
import type { Mail } from "../../src/core/domain/mail.ts";
import { readOwn, writeOwn } from "../../src/core/domain/own-record.ts";
import { checkPlan } from "../../src/core/domain/plan-graph.ts";
import { emptyQueue } from "../../src/core/domain/queue.ts";
import { readWebhook } from "../../src/core/events/read-webhook.ts";
import { evaluateChecks } from "../../src/core/policy/evaluate-checks.ts";
import { readWorkflow } from "../../src/core/workflow/read-workflow.ts";
import { readLedger, toLedgerFiles } from "../../src/storage/ledger/ledger-files.ts";
import { readJobResult } from "../../src/storage/ledger/read-job-result.ts";
import { plan, step } from "../support/build.ts";
import { fc, runs } from "../support/fast-check.ts";
import { openToolBox, view } from "../support/tools.ts";

/** Names that every record inherits, and names that confuse code which builds records. */
const HOSTILE = [...Object.getOwnPropertyNames(Object.prototype), "prototype", "then", "length", "0", ""];
const hostile = fc.constantFrom(...HOSTILE);

test.each(HOSTILE)("%j is a key like any other: absent before it is written, and there afterwards", (key) => {
  const record: Record<string, number> = {};
  expect(readOwn(record, key)).toBeUndefined();
  writeOwn(record, key, 1);
  expect(readOwn(record, key)).toBe(1);
  expect(Object.keys(record)).toEqual([key]);
  expect(Object.getPrototypeOf(record)).toBe(Object.prototype);
});

describe("the ledger", () => {
  const mail = (id: string): Mail => ({
    id,
    execution: "abc123",
    from: "coordinator",
    to: "user",
    subject: id,
    body: id,
    priority: "normal",
    type: "info",
    status: "completed",
    thread: id,
    replyTo: null,
    at: 0,
    expires: null,
    read: false,
  });
  const withKeys = (keys: readonly string[]): Ledger => {
    const named = keys.filter((key) => key !== "");
    return {
      ...emptyLedger,
      queues: Object.fromEntries(named.map((key) => [key, { ...emptyQueue, landedTip: key }])),
      mails: Object.fromEntries(named.map((key) => [key, mail(key)])),
      usage: Object.fromEntries(named.map((key) => [`@${key}`, { answers: [1], backlog: [], comments: [], silence: null }])),
      handledEvents: Object.fromEntries(keys.map((key) => [`comment:${key}`, 1])),
    };
  };
  const toBuffers = (files: ReadonlyMap<string, string | null>) =>
    new Map([...files].flatMap(([path, text]) => (text === null ? [] : [[path, Buffer.from(text)] as const])));

  test("is read from its files as it was written, whatever branches, mails and people are called", () => {
    fc.assert(
      fc.property(fc.uniqueArray(hostile), fc.uniqueArray(hostile), (before, after) => {
        const [one, other] = [withKeys(before), withKeys(after)];
        const first = toBuffers(toLedgerFiles(null, one));
        const changed = toLedgerFiles(one, other);
        const files = new Map([...first, ...toBuffers(changed)]);
        for (const [path, text] of changed) if (text === null) files.delete(path);
        const read = readLedger(files);
        expect(read.ok).toBe(true);
        if (!read.ok) return;
        for (const part of ["queues", "mails", "usage", "handledEvents"] as const)
          expect(new Map(Object.entries(read.value[part]))).toEqual(new Map(Object.entries(other[part])));
      }),
      { numRuns: runs(200) },
    );
  });

  test("finds nothing under a key that nobody wrote, keeps what is written, and deletes it", () => {
    fc.assert(
      fc.property(hostile, (key) => {
        const writer = openLedgerWriter(emptyLedger);
        const tx = { ...openGraphRecords(writer), ...openSideRecords(writer, 0), ...openUsageRecords(writer, 0) };
        expect([tx.execution(key), tx.mail(key), tx.effectRecord(key), tx.brief(key), tx.plan(key)]).toEqual([
          undefined,
          undefined,
          undefined,
          null,
          null,
        ]);
        expect(tx.queue(key)).toBe(emptyQueue);
        expect(tx.usage(key).answers).toEqual([]);
        const queue = { ...emptyQueue, landedTip: "x" };
        tx.putQueue(key, queue);
        tx.putMail(mail(key));
        tx.putUsage(key, { answers: [0], backlog: [], comments: [], silence: null });
        expect([tx.queue(key), tx.mail(key)?.body, tx.usage(key).answers]).toEqual([queue, key, [0]]);
        tx.dropMail(key);
        expect(Object.keys(writer.ledger().mails)).toEqual([]);
        expect(tx.mail(key)).toBeUndefined();
      }),
    );
  });
});

test.each(HOSTILE)("no step, need or task is called %j", (key) => {
  expect(checkPlan(plan(step(key)), 10)).toMatchObject({ ok: HOSTILE.indexOf(key) !== -1 && /^(prototype|then|length|0)$/.test(key) });
  expect(checkPlan(plan(step("a", { needs: [key] })), 10)).toMatchObject({ ok: false, refusal: { code: "unknown-need" } });
  expect(findTarget([view("abc123", { fix: "failed" })], 1, key).ok).toBe(false);
  expect(findTarget([view("abc123", { fix: "failed" })], 1, `abc123-${key === "" ? "?" : key}`).ok).toBe(false);
  const read = readTaskId(`abc123-${key}`);
  expect(read === null || /^(prototype|then|length|0)$/.test(read.step)).toBe(true);
});

test.each(HOSTILE)("a role, model, field or workflow called %j is a fault of the workflow, or a name like any other", (key) => {
  const read = (front: unknown, body = "## a\nx") =>
    readWorkflow({ name: "w", path: "w.md", text: `;;;\n${JSON.stringify(front)}\n;;;\n${body}`, roles: [], models: [], workflows: [] });
  const codes = (result: ReturnType<typeof read>) => (result.ok ? [] : result.faults.map(({ code }) => code));
  expect(codes(read({ roles: { a: {} }, edges: [`a -> ${key}`] }))).not.toEqual([]);
  expect(codes(read({ roles: { a: { model: key } } }))).toContain("unknown-model");
  expect(codes(read({ roles: { a: { role: key === "" ? "x" : key } } }))).toContain("unknown-agent-role");
  expect(codes(read({ roles: { a: { workflow: key === "" ? "x" : key } } }))).toContain("unknown-workflow");
  expect(codes(read({ roles: { a: { tools: [key] } } }))).toContain("unknown-tool");
  if (/^[A-Za-z_]+$/.test(key)) expect(codes(read({ roles: { a: {} } }, `## a\n{{ .${key} }}`))).toContain("unknown-reference");
  if (/^[A-Za-z_]+$/.test(key)) expect(codes(read({ roles: { a: {} } }, `## a\n{{ ${key} .Args }}`))).not.toEqual([]);
  expect(() => read(JSON.parse(`{"roles":{"a":{}},${JSON.stringify(key)}:{"x":1}}`))).not.toThrow();
});

test.each(HOSTILE)("a key %j of enki.toml changes nothing but itself", (key) => {
  const quoted = JSON.stringify(key);
  const { config, faults } = readConfig([
    { path: "a/enki.toml", text: `[agent.env]\n${quoted} = "one"\n` },
    { path: "b/enki.toml", text: `[agent.env]\n${quoted} = "two"\n` },
    { path: "c/enki.toml", text: `${quoted} = { polluted = true }\n` },
  ]);
  expect(faults.map(({ file, code }) => [file, code])).toEqual([["c/enki.toml", "unknown-key"]]);
  expect(Object.entries(config.agents.worker.env).every(([name, value]) => name === key && value === "two")).toBe(true);
  expect((config as unknown as Record<string, unknown>)["polluted"]).toBeUndefined();
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});

test.each(HOSTILE)("a command, a tool or an argument called %j is none", async (key) => {
  const name = key === "" ? "?" : key;
  expect(parseComment(`/enki ${name}`)).toMatchObject([{ ok: false, refusal: { code: "unknown-command" } }]);
  const { call, recorded } = openToolBox({ executions: [view("abc123", { fix: "failed" })] });
  expect(await call(key)).toMatchObject({ isError: true, structured: { code: "unknown-tool" } });
  expect(await call("enki_task_retry", { task_id: key })).toMatchObject({ isError: true });
  expect(await call("enki_pause", { execution_id: "abc123", step_id: key })).toMatchObject({ isError: true });
  expect(await call("enki_mail_read", { message_id: key })).toMatchObject({ isError: true });
  expect(await call("enki_backlog_pick", { id: key })).toMatchObject({ isError: true });
  expect(await call("enki_execution_create", { steps: [{ id: "a", title: "t", description: "d", role: key }] })).toMatchObject({
    isError: true,
  });
  expect(await call("enki_status", JSON.parse(`{${JSON.stringify(key)}:1}`))).toMatchObject({ isError: true });
  expect(recorded).toEqual([]);
  expect(readJobResult(JSON.stringify({ format: 2, job: `plan/abc123/1`, tools: [{ kind: key }] }))).toBeNull();
});

test.each(HOSTILE)("a check or a review in the state %j is unknown, and counts for nothing", (key) => {
  const check = { name: "ci", app: null, state: key, startedAt: 0, updatedAt: 0, id: 1 } as unknown as Check;
  expect(evaluateChecks([{ name: "ci", app: null }], [check], 0).means).toBe("wait");
  const review = { id: 1, user: { login: "mona" }, body: "/enki help", submitted_at: "2026-11-20T12:00:00Z", state: key };
  const [event] = readWebhook("pull_request_review", { action: "submitted", review, pull_request: { number: 1 } }, "enki[bot]");
  expect(JSON.stringify(event)).not.toContain("approved");
  expect(readWebhook(key, {}, "enki[bot]")).toEqual([]);
});
