import { generateKeyPairSync } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Sha } from "../../../src/core/domain/ids.ts";
import { LEDGER_REF, toRefusedRef } from "../../../src/core/domain/refs.ts";
import type { RepositoryClone } from "../../../src/storage/git/repository-clone.ts";
import { createSshKey, formatPublicKey } from "../../../src/storage/git/ssh-key.ts";
import { openLedgerGuard, type Restoration } from "../../../src/storage/ledger/guard-ledger.ts";
import {
  deriveLedgerKeys,
  formatAdoptionMessage,
  type LedgerKeys,
  type LedgerSeal,
  readLedgerKeys,
  writeSealedCommit,
} from "../../../src/storage/ledger/ledger-keys.ts";
import { repository } from "../../support/repository.ts";

const pemOf = (byte: number): string =>
  createSshKey(Buffer.alloc(32, byte)).secret?.export({ format: "pem", type: "pkcs8" }).toString() ?? "";
const readKeys = (text: string): LedgerKeys => {
  const keys = readLedgerKeys(text);
  if (!keys.ok) throw new Error(keys.refusal.code);
  return keys.value;
};
const seal: LedgerSeal = { keys: readKeys(pemOf(1)), repository: "octo/demo" };

let repo: Awaited<ReturnType<typeof repository>>;
beforeEach(async () => {
  repo = await repository();
});
afterEach(() => repo.close());

/** Opens a process with its clone, its guard, and its restorations. */
const openProcess = async (by: LedgerSeal = seal) => {
  const clone = await repo.clone();
  const restored: Restoration[] = [];
  const guard = openLedgerGuard({ clone, seal: by, reportRestored: (each) => void restored.push(each) });
  const tip = async (): Promise<Sha | null> => {
    await clone.fetch();
    return (await guard.verify())[LEDGER_REF] ?? null;
  };
  const write = async (at = 0, parent?: Sha | null): Promise<Sha> => {
    const onto = parent === undefined ? await tip() : parent;
    const commit = await commitOn(clone, by, onto, { at, message: `written at ${at}` });
    const before = (await clone.refs())[LEDGER_REF] ?? null;
    const moves = [{ ref: LEDGER_REF, oldSha: before, newSha: commit }];
    expect((await clone.push(moves, guard.toOwnMoves(moves))).kind).toBe("pushed");
    guard.remember(moves);
    return commit;
  };
  return { clone, guard, restored, tip, write };
};
const commitOn = async (
  clone: RepositoryClone,
  by: LedgerSeal | undefined,
  onto: Sha | null,
  { at = 0, message }: { at?: number; message: string },
): Promise<Sha> => {
  const tree = await clone.writeFiles(null, new Map());
  return writeSealedCommit(clone, by, { ref: LEDGER_REF, tree, parents: onto === null ? [] : [onto], message, at });
};
const put = async (clone: RepositoryClone, commit: Sha | null): Promise<void> => {
  await clone.fetch();
  const oldSha = (await clone.refs())[LEDGER_REF] ?? null;
  expect((await clone.push([{ ref: LEDGER_REF, oldSha, newSha: commit }])).kind).toBe("pushed");
};

test("what another process with the key wrote counts, and nothing is restored", async () => {
  const [one, other] = [await openProcess(), await openProcess()];
  const first = await one.write(1_000);
  expect(await other.tip()).toBe(first);
  await other.write(2_000);
  const third = await other.write(3_000);
  expect(await one.tip()).toBe(third);
  expect([...one.restored, ...other.restored]).toEqual([]);
});

test("two processes that see the same foreign ledger agree, and it is kept once", async () => {
  const [one, other] = [await openProcess(), await openProcess()];
  const signed = await one.write(1_000);
  expect(await other.tip()).toBe(signed);
  const person = await repo.clone();
  const foreign = await commitOn(person, undefined, null, { message: "mine" });
  await put(person, foreign);
  await Promise.all([one.clone.fetch(), other.clone.fetch()]);
  // Both processes have seen the foreign ledger before either restores.
  const tips = await Promise.all([one.guard.verify(), other.guard.verify()]);
  expect(tips.map((refs) => refs[LEDGER_REF])).toEqual([signed, signed]);
  // Git accepts a push without a change, so the slower process may also log the restoration.
  const restored = [...one.restored, ...other.restored];
  expect(restored.length).toBeGreaterThan(0);
  for (const each of restored) expect(each).toEqual({ ref: LEDGER_REF, foreign, restored: signed });
  expect(repo.git("rev-parse", LEDGER_REF, toRefusedRef(foreign)).split("\n")).toEqual([signed, foreign]);
  expect(repo.git("for-each-ref", "--format=%(refname)", "refs/enki/refused").split("\n")).toEqual([toRefusedRef(foreign)]);
});

test("a foreign ledger on signed commits is cut off where the signatures end, by a process that remembers nothing too", async () => {
  const one = await openProcess();
  const signed = await one.write(1_000);
  const person = await repo.clone();
  await person.fetch();
  await put(person, await commitOn(person, undefined, signed, { message: "mine" }));
  const fresh = await openProcess();
  expect(await fresh.tip()).toBe(signed);
  expect(await one.tip()).toBe(signed);
});

test("a process that fell behind continues with the later line, and keeps its own if the other one is older", async () => {
  const [one, other] = [await openProcess(), await openProcess()];
  const first = await one.write(1_000);
  await one.write(2_000);
  const person = await repo.clone();
  await put(person, first);
  // The second process cannot know of the newer ledger.
  const later = await other.write(3_000);
  expect(await one.tip()).toBe(later);
  await person.fetch();
  await put(person, first);
  expect(await one.tip()).toBe(later);
});

test("an older line that somebody pushes in the place of a later one never wins, whoever looks", async () => {
  const [one, other] = [await openProcess(), await openProcess()];
  const first = await one.write(1_000);
  const later = await one.write(3_000);
  const person = await repo.clone();
  await put(person, first);
  // A process with an earlier state writes before it knows the later history.
  const older = await other.write(2_000);
  expect(await one.tip()).toBe(later);
  await put(person, older);
  expect(await one.tip()).toBe(later);
});

test("a signature on top of a foreign ledger does not make the foreign part count", async () => {
  const one = await openProcess();
  const signed = await one.write(1_000);
  const person = await repo.clone();
  await person.fetch();
  const foreign = await commitOn(person, undefined, signed, { message: "mine" });
  await put(person, await commitOn(person, seal, foreign, { at: 2_000, message: "written on it" }));
  expect(await one.tip()).toBe(signed);
  expect(await (await openProcess()).tip()).toBe(signed);
});

test.each<[string, LedgerSeal]>([
  ["another key", { keys: readKeys(pemOf(9)), repository: "octo/demo" }],
  ["the key of another repository", { ...seal, repository: "octo/other" }],
])("a ledger that is signed with %s does not count", async (_, by) => {
  const one = await openProcess();
  const signed = await one.write(1_000);
  const person = await repo.clone();
  await person.fetch();
  await put(person, await commitOn(person, by, signed, { at: 2_000, message: "mine" }));
  expect(await one.tip()).toBe(signed);
});

test("an unsigned ledger is refused until somebody with the key has signed it, and counts from there", async () => {
  const person = await repo.clone();
  const unsigned = await commitOn(person, undefined, null, { message: "before there was a key" });
  await put(person, unsigned);
  const one = await openProcess();
  await expect(one.tip()).rejects.toThrow("enki ledger sign");
  const adopted = await commitOn(person, seal, unsigned, { message: formatAdoptionMessage("sign") });
  await put(person, adopted);
  expect(await one.tip()).toBe(adopted);
  const next = await one.write(5_000);
  expect(await (await openProcess()).tip()).toBe(next);
});

test("keys are rotated: the first signs, and the earlier ones still verify", async () => {
  const one = await openProcess();
  const first = await one.write(1_000);
  const both = await openProcess({ ...seal, keys: readKeys(`${pemOf(2)}${formatPublicKey(createSshKey(Buffer.alloc(32, 1)))}\n`) });
  expect(await both.tip()).toBe(first);
  const second = await both.write(2_000);
  const lateOnly = await openProcess({ ...seal, keys: readKeys(pemOf(2)) });
  await expect(lateOnly.tip()).rejects.toThrow("not signed");
  // The process with only the old key does not know the new one.
  expect(await one.tip()).toBe(first);
  expect(repo.git("rev-parse", toRefusedRef(second))).toBe(second);
});

test("every process of an App derives the same key, and another App another one", () => {
  const app = (): string =>
    generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "pem", type: "pkcs1" }).toString();
  const [one, other] = [app(), app()];
  expect(deriveLedgerKeys(one).publicKeys).toEqual(deriveLedgerKeys(one.replaceAll("\n", String.raw`\n`)).publicKeys);
  expect(deriveLedgerKeys(one).publicKeys).not.toEqual(deriveLedgerKeys(other).publicKeys);
});

test("keys never appear in what is printed of them", () => {
  const pem = pemOf(1);
  const keys = readKeys(pem);
  const secret = pem.split("\n")[1] ?? "";
  expect(`${JSON.stringify(keys)}${String(keys.sign)}`).not.toContain(secret);
  expect(JSON.stringify(readLedgerKeys(`${secret}x`))).not.toContain(secret);
});
