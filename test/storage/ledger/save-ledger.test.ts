import { composeTextCommit } from "../../../src/core/domain/text-commit.ts";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { RepositoryClone } from "../../../src/storage/git/repository-clone.ts";
import { readArchivedStates } from "../../../src/storage/ledger/archived-states.ts";
import { replayLedger } from "../../../src/storage/ledger/replay-ledger.ts";
import { loadLedger, readWriteInputs } from "../../../src/storage/ledger/load-ledger.ts";
import { saveLedger, type LedgerWrite } from "../../../src/storage/ledger/save-ledger.ts";
import type { Effect } from "../../../src/core/domain/effect.ts";
import type { Execution } from "../../../src/core/domain/execution.ts";
import { emptyLedger, type Ledger } from "../../../src/core/domain/ledger.ts";
import { emptyQueue } from "../../../src/core/domain/queue.ts";
import {
  ARCHIVE_REF,
  ATTEMPTS_REF,
  LEDGER_REF,
  PROOFS_REF,
  toBranchRef,
  toCandidateRef,
  toTrialRef,
} from "../../../src/core/domain/refs.ts";
import { createStep } from "../../../src/core/domain/step.ts";
import { PLAIN_WRITE } from "../../support/ledger-write.ts";
import { repository } from "../../support/repository.ts";

let repo: Awaited<ReturnType<typeof repository>>;
beforeAll(async () => {
  repo = await repository();
});
afterAll(() => repo.close());

let count = 0;
const write = async (
  clone: RepositoryClone,
  after: Ledger,
  over: Partial<LedgerWrite> = {},
): Promise<Awaited<ReturnType<typeof saveLedger>>> => {
  const { ledger, head } = await loadLedger(clone, await clone.refs());
  return saveLedger(clone, {
    ...PLAIN_WRITE,
    before: ledger,
    head,
    after,
    nonce: String((count += 1)),
    ...over,
  });
};

const handled = (id: number): Ledger => ({ ...emptyLedger, handledEvents: { [`comment:${id}`]: id } });

describe("a save", () => {
  test("moves ledger and base together and reads back unchanged", async () => {
    const base = await repo.commit("main", { "a.txt": "1\n" });
    const clone = await repo.clone();
    await clone.fetch();
    const next = await clone.writeCommit({
      tree: await clone.writeFiles(base, new Map([["b.txt", { content: "2", mode: "100644" }]])),
      parents: [base],
      message: "landed",
      at: 0,
    });
    const after = {
      ...handled(1),
      artifacts: { "abcdef/research": "# Report" },
      feedback: { "abcdef-fix-it/2": { pull: 7, at: 1, items: [], readRemarks: ["comment:3" as const], omittedCount: 0 } },
      queues: { "release/1.0": { ...emptyQueue, landedTip: base } },
    };
    const saved = await write(clone, after, { moves: [{ ref: toBranchRef("main"), oldSha: base, newSha: next }] });
    expect(saved.kind).toBe("saved");
    expect(repo.git("rev-parse", "main")).toBe(next);
    const other = await repo.clone();
    await other.fetch();
    const loaded = await loadLedger(other, await other.refs());
    expect(loaded.ledger).toEqual(after);
    expect(await readWriteInputs(other, loaded.head ?? "")).toEqual({ events: [] });
    expect(repo.git("log", "-1", "--format=%s", LEDGER_REF)).toBe("a note");
  });

  test("that lost a race changes nothing and reports the moved ledger", async () => {
    const [a, b] = [await repo.clone(), await repo.clone()];
    await Promise.all([a.fetch(), b.fetch()]);
    expect((await write(a, handled(2))).kind).toBe("saved");
    expect((await write(b, handled(3))).kind).toBe("ledger-moved");
    await b.fetch();
    expect((await loadLedger(b, await b.refs())).ledger).toEqual(handled(2));
  });

  test("is refused completely if its base moved, and names the ref", async () => {
    const clone = await repo.clone();
    await clone.fetch();
    const base = (await clone.refs())[toBranchRef("main")] ?? "";
    const next = await clone.writeCommit({ tree: await clone.writeFiles(base, new Map()), parents: [base], message: "landed", at: 0 });
    await repo.commit("main", { "person.txt": "x" });
    const before = repo.git("rev-parse", LEDGER_REF);
    const end = await write(clone, handled(4), { moves: [{ ref: toBranchRef("main"), oldSha: base, newSha: next }] });
    expect(end).toMatchObject({ kind: "refused", event: { ref: toBranchRef("main"), reason: "moved" } });
    expect(repo.git("rev-parse", LEDGER_REF)).toBe(before);
  });

  test("that may not have arrived is fenced off, and a replay knows the fence as one", async () => {
    const clone = await repo.clone();
    await clone.fetch();
    const tip = repo.git("rev-parse", LEDGER_REF);
    let lost = 1;
    const shaky: RepositoryClone = {
      ...clone,
      push: (...sent) => (lost-- > 0 ? Promise.resolve({ kind: "unclear", text: "no answer" }) : clone.push(...sent)),
    };
    expect((await write(shaky, handled(9))).kind).toBe("ledger-moved");
    expect(repo.git("log", "-1", "--format=%s", LEDGER_REF)).toBe("Fence off an unclear write");
    expect(repo.git("rev-parse", `${LEDGER_REF}^`)).toBe(tip);
    expect((await loadLedger(clone, await clone.refs())).ledger).toEqual(handled(2));
    expect(await readWriteInputs(clone, repo.git("rev-parse", LEDGER_REF))).toBeNull();
    const writes = await replayLedger(clone, () => handled(-1));
    expect(writes.at(-1)?.end).toBe("fence");
  });

  test("is never sent if it would move the base backwards", async () => {
    const clone = await repo.clone();
    await clone.fetch();
    const tip = (await clone.refs())[toBranchRef("main")] ?? "";
    const parent = repo.git("rev-parse", "main^");
    await expect(write(clone, handled(5), { moves: [{ ref: toBranchRef("main"), oldSha: tip, newSha: parent }] })).rejects.toThrow(
      "does not contain",
    );
    expect(repo.git("rev-parse", "main")).toBe(tip);
  });

  test.each([
    ["a branch named like our folder", "task", "task/abcdef-fix"],
    ["a branch below the one that is to be", "task/abcdef-fix/mine", "task/abcdef-fix"],
  ])("is refused if %s is in the way, and names the ref", async (_, theirs, ours) => {
    const commit = await repo.commit(theirs, { "a.txt": "theirs" }, { parents: [] });
    const clone = await repo.clone();
    await clone.fetch();
    const end = await write(clone, handled(7), { moves: [{ ref: toBranchRef(ours), oldSha: null, newSha: commit }] });
    expect(end).toMatchObject({
      kind: "refused",
      event: { ref: toBranchRef(ours), reason: "not-allowed", text: expect.stringContaining(theirs) },
    });
    repo.git("update-ref", "-d", toBranchRef(theirs));
  });

  test("goes on without its proofs if the server forbids their ref", async () => {
    const clone = await repo.clone();
    await clone.fetch();
    const hook = join(repo.git("rev-parse", "--absolute-git-dir"), "hooks", "update");
    mkdirSync(dirname(hook), { recursive: true });
    writeFileSync(hook, `#!/bin/sh\ntest "$1" != "${PROOFS_REF}"\n`, { mode: 0o755 });
    onTestFinished(() => rmSync(hook));
    const proof = await clone.writeCommit({ tree: await clone.writeFiles(null, new Map()), parents: [], message: "proofs", at: 0 });
    const saved = await write(clone, handled(11), { proofMoves: [{ ref: PROOFS_REF, oldSha: null, newSha: proof }] });
    expect(saved).toMatchObject({ kind: "saved", moves: [{ ref: LEDGER_REF }] });
    expect(() => repo.git("rev-parse", "--verify", "--quiet", PROOFS_REF)).toThrow();
  });

  test("reports a trial's commit that the server refuses, as it does for a candidate's", async () => {
    const clone = await repo.clone();
    await clone.fetch();
    const commit = await clone.writeCommit({ tree: await clone.writeFiles(null, new Map()), parents: [], message: "made", at: 0 });
    const hook = join(repo.git("rev-parse", "--absolute-git-dir"), "hooks", "update");
    mkdirSync(dirname(hook), { recursive: true });
    writeFileSync(hook, "#!/bin/sh\ncase $1 in refs/enki/trials/*|refs/enki/candidates/*) echo no files of workflows; exit 1;; esac\n", {
      mode: 0o755,
    });
    onTestFinished(() => rmSync(hook));
    for (const ref of [toTrialRef(commit), toCandidateRef("main", commit)])
      expect(await write(clone, handled(12), { moves: [{ ref, oldSha: null, newSha: commit }] })).toMatchObject({
        kind: "refused",
        event: { ref, reason: "not-allowed" },
      });
  });

  test("keeps results reachable through one ref", async () => {
    const clone = await repo.clone();
    await clone.fetch();
    const result = await clone.writeCommit({ tree: await clone.writeFiles(null, new Map()), parents: [], message: "result", at: 7_000 });
    await write(clone, handled(6), { attempts: [result] });
    expect(repo.git("rev-list", ATTEMPTS_REF).split("\n")).toContain(result);
  });

  test("keeps texts that a comment links, in the same push", async () => {
    const clone = await repo.clone();
    await clone.fetch();
    const text = composeTextCommit({ "plan-1.md": "# Plan\n" }, "Plan 1", 8_000);
    await write(clone, handled(8), { texts: [text], attemptsTip: repo.git("rev-parse", ATTEMPTS_REF) });
    expect(repo.git("show", `${text.id}:plan-1.md`)).toBe("# Plan");
    expect(repo.git("rev-list", ATTEMPTS_REF).split("\n")).toContain(text.id);
  });

  test("moves finished executions to the archive in the same push", async () => {
    const clone = await repo.clone();
    await clone.fetch();
    const { ledger } = await loadLedger(clone, await clone.refs());
    const plan = { steps: [] };
    const steps = { fix: { ...createStep("fix"), state: "done" } };
    const execution = (id: string, name: string) =>
      ({ id, plan: name, createdAt: Date.UTC(2026, 4, 3), amendment: null, steps }) as unknown as Execution;
    const [old, live] = [execution("aaaaaa", "p1"), execution("bbbbbb", "p2")];
    const artifacts = { "aaaaaa/research": "# Old", "bbbbbb/research": "# Live" };
    await write(clone, { ...ledger, executions: { aaaaaa: old, bbbbbb: live }, plans: { p1: plan, p2: plan }, artifacts });
    const after = { ...ledger, executions: { bbbbbb: live }, plans: { p2: plan }, artifacts: { "bbbbbb/research": "# Live" } } as const;
    expect((await write(clone, after)).kind).toBe("saved");
    const other = await repo.clone();
    await other.fetch();
    expect((await loadLedger(other, await other.refs())).ledger).toEqual(after);
    expect(repo.git("ls-tree", "-r", "--name-only", ARCHIVE_REF).split("\n")).toEqual([
      "2026-05/aaaaaa/artifacts/research.md",
      "2026-05/aaaaaa/plan-p1.json",
      "2026-05/aaaaaa/state.json",
    ]);
    expect(await readArchivedStates(other, "aaaaaa")).toEqual({ fix: "done" });
    expect(await readArchivedStates(other, "bbbbbb")).toBeNull();
    const archiveTip = repo.git("rev-parse", ARCHIVE_REF);
    await write(clone, ledger, { archiveTip });
    expect(repo.git("ls-tree", "--name-only", `${ARCHIVE_REF}:2026-05`).split("\n")).toEqual(["aaaaaa", "bbbbbb"]);
  });

  test("of an earlier version is read with defaults for missing fields", async () => {
    const clone = await repo.clone();
    await clone.fetch();
    const { ledger } = await loadLedger(clone, await clone.refs());
    const { resumeAs: _from, builtOn: _on, ...old } = createStep("fix");
    const lacking = { id: "cccccc", plan: null, createdAt: 1, steps: { fix: old } } as unknown as Execution;
    await write(clone, { ...ledger, executions: { cccccc: lacking } });
    const read = (await loadLedger(clone, await clone.refs())).ledger.executions["cccccc"];
    expect(read).toMatchObject({ amendment: null, steps: { fix: createStep("fix") } });
    await write(clone, ledger);
  });

  test("of an earlier version keeps a pending reaction to a comment", async () => {
    const clone = await repo.clone();
    await clone.fetch();
    const { ledger } = await loadLedger(clone, await clone.refs());
    const old = { kind: "react", key: "react:7/eyes", comment: 7, reaction: "eyes" } as unknown as Effect;
    await write(clone, { ...ledger, outbox: { "react:7/eyes": old } });
    const { outbox } = (await loadLedger(clone, await clone.refs())).ledger;
    expect(outbox["react:7/eyes"]).toEqual({ kind: "react", key: "react:7/eyes", target: { kind: "comment", id: 7 }, reaction: "eyes" });
    await write(clone, ledger);
  });

  test("by eight concurrent writers loses none and starves none", async () => {
    const clones = await Promise.all(Array.from({ length: 8 }, () => repo.clone()));
    const add = async (clone: RepositoryClone, id: number): Promise<void> => {
      for (let tries = 0; tries < 60; tries += 1) {
        await clone.fetch();
        const { ledger } = await loadLedger(clone, await clone.refs());
        if ((await write(clone, { ...ledger, handledEvents: { ...ledger.handledEvents, [`comment:${id}`]: id } })).kind === "saved") return;
      }
      expect.unreachable(`writer ${id} was starved`);
    };
    await Promise.all(clones.map((clone, at) => add(clone, 100 + at)));
    const last = clones[0];
    await last?.fetch();
    const { ledger } = await loadLedger(last as RepositoryClone, (await last?.refs()) ?? {});
    expect(Object.keys(ledger.handledEvents).filter((id) => Number(id.slice("comment:".length)) >= 100)).toHaveLength(8);
  });
});
