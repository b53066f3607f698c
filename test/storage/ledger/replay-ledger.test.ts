import { afterAll, beforeAll, expect, test } from "vitest";
import { loadLedger } from "../../../src/storage/ledger/load-ledger.ts";
import { replayLedger } from "../../../src/storage/ledger/replay-ledger.ts";
import { saveLedger } from "../../../src/storage/ledger/save-ledger.ts";
import { type EffectRecord, emptyLedger, type Ledger } from "../../../src/core/domain/ledger.ts";
import { PLAIN_WRITE } from "../../support/ledger-write.ts";
import { repository } from "../../support/repository.ts";

let repo: Awaited<ReturnType<typeof repository>>;
beforeAll(async () => {
  repo = await repository();
});
afterAll(() => repo.close());

const RECORD: EffectRecord = {
  at: 1,
  attempts: 1,
  notBefore: 0,
  refused: { code: "no-access", reason: "Enki may not comment here." },
  number: null,
  digest: null,
};
const REPLY = { kind: "open-issue", key: "open-issue:1", title: "A title", body: "A sentence.", marker: "m" } as const;
const CLOSING = { kind: "close-backlog-issue", key: "close-backlog-issue:1", issue: 1, reason: "completed" } as const;
const OUTBOX: Ledger["outbox"] = { [REPLY.key]: REPLY, [CLOSING.key]: CLOSING };
const STORED: Ledger = { ...emptyLedger, outbox: OUTBOX, effectRecords: { "comment/1": RECORD } };

const withRefusal = (refused: EffectRecord["refused"]): Ledger => ({
  ...STORED,
  effectRecords: { "comment/1": { ...RECORD, refused } },
});
const withReply = (over: { title?: string; body?: string }): Ledger => ({
  ...STORED,
  outbox: { ...OUTBOX, [REPLY.key]: { ...REPLY, ...over } },
});

test("a replayed write differs if anything but a sentence does", async () => {
  await repo.commit("main", { "a.txt": "1\n" });
  const clone = await repo.clone();
  await clone.fetch();
  const { ledger: before, head } = await loadLedger(clone, await clone.refs());
  await saveLedger(clone, {
    ...PLAIN_WRITE,
    before,
    head,
    after: STORED,
    nonce: "1",
  });
  await clone.fetch();
  const replayTo = async (again: Ledger | null) => (await replayLedger(clone, () => again)).at(-1);
  expect(await replayTo(STORED)).toMatchObject({ end: "same" });
  expect(await replayTo(withRefusal({ code: "no-access", reason: "Enki has no right to comment." }))).toMatchObject({ end: "reworded" });
  expect(await replayTo(withReply({ body: "Another sentence." }))).toMatchObject({ end: "reworded" });
  const effects = { end: "differs", paths: ["effects.json"] };
  expect(await replayTo(withRefusal({ code: "gone", reason: "Enki may not comment here." }))).toMatchObject(effects);
  expect(await replayTo(withRefusal(null))).toMatchObject(effects);
  const reopened: Ledger = { ...STORED, outbox: { ...OUTBOX, [CLOSING.key]: { ...CLOSING, reason: "not_planned" } } };
  expect(await replayTo(reopened)).toMatchObject(effects);
  expect(await replayTo(withReply({ title: "Another title" }))).toMatchObject(effects);
  expect(await replayTo(null)).toMatchObject({ end: "differs", paths: ["(it asked for facts that were not stored)"] });
});
