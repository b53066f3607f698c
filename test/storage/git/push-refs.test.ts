import { execFileSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { pushRefs, parsePushResult } from "../../../src/storage/git/push-refs.ts";
import type { GitContext } from "../../../src/storage/git/run-git.ts";
import { toBranchRef, LEDGER_REF, toTaskRef } from "../../../src/core/domain/refs.ts";
import { repository } from "../../support/repository.ts";

const MAIN = toBranchRef("main");
const TASK = toTaskRef("abcdef-fix");

let repo: Awaited<ReturnType<typeof repository>>;
let at: GitContext;
/** Commits of the local clone: a base with its successor, and a ledger with its successor. */
let made: Record<"base" | "candidate" | "ledger" | "write" | "other", string>;

beforeAll(async () => {
  repo = await repository();
  const clone = await repo.clone();
  at = clone.running;
  const tree = await clone.writeFiles(null, new Map([["a.txt", { content: "1", mode: "100644" as const }]]));
  const commit = (message: string, ...parents: string[]): Promise<string> => clone.writeCommit({ tree, parents, message, at: 1_000 });
  const [base, ledger] = [await commit("base"), await commit("ledger")];
  made = {
    base,
    ledger,
    candidate: await commit("candidate", base),
    write: await commit("write", ledger),
    other: await commit("other", base),
  };
});
afterAll(() => repo.close());

/** Each row starts with the same remote: a base, a ledger, no hook, no rule. */
beforeEach(() => {
  execFileSync("rm", ["-rf", repo.url]);
  execFileSync("git", ["init", "-q", "--bare", "-b", "main", repo.url]);
  execFileSync(
    "git",
    [
      "push",
      "-q",
      repo.url,
      `${made.base}:${MAIN}`,
      `${made.ledger}:${LEDGER_REF}`,
      `${made.other}:refs/heads/spare`,
      `${made.candidate}:refs/heads/kept`,
    ],
    {
      cwd: at.directory,
      stdio: "ignore",
    },
  );
});

const set = (ref: string, to: string): string => repo.git("update-ref", ref, to);
const refs = (): string => repo.git("for-each-ref", "--format=%(refname) %(objectname)");
const hook = (name: string, script: string): void => {
  const path = join(repo.url, "hooks", name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
};

/** A landing: base and ledger, with leases on the values last read. */
const landing = (more: Parameters<typeof pushRefs>[2] = []): Parameters<typeof pushRefs>[2] => [
  { ref: LEDGER_REF, oldSha: made.ledger, newSha: made.write },
  { ref: MAIN, oldSha: made.base, newSha: made.candidate },
  ...more,
];

type Row = {
  readonly title: string;
  readonly before?: () => void;
  readonly moves?: () => Parameters<typeof pushRefs>[2];
  readonly end: object;
};

const refused: readonly Row[] = [
  { title: "the ledger moved", before: () => set(LEDGER_REF, made.other), end: { kind: "stale", refs: [LEDGER_REF] } },
  { title: "the base moved", before: () => set(MAIN, made.other), end: { kind: "stale", refs: [MAIN] } },
  { title: "the base is gone", before: () => repo.git("update-ref", "-d", MAIN), end: { kind: "stale", refs: [MAIN] } },
  {
    title: "a ref that should be new is there",
    before: () => set(TASK, made.other),
    moves: () => landing([{ ref: TASK, oldSha: null, newSha: made.candidate }]),
    end: { kind: "stale", refs: [TASK] },
  },
  {
    title: "a ref that is only named moved",
    before: () => set(TASK, made.candidate),
    moves: () => landing([{ ref: TASK, oldSha: made.other, newSha: made.other }]),
    end: { kind: "stale", refs: [TASK] },
  },
  {
    title: "the server takes nothing but what goes forward",
    before: () => {
      repo.git("config", "receive.denyNonFastForwards", "true");
      set(TASK, made.other);
    },
    moves: () => landing([{ ref: TASK, oldSha: made.other, newSha: made.candidate }]),
    end: { kind: "not-allowed", ref: TASK },
  },
  {
    title: "a rule protects the base",
    before: () => hook("update", `[ "$1" != ${MAIN} ] || { echo 'protected branch'; exit 1; }`),
    end: { kind: "not-allowed", ref: MAIN, text: expect.stringContaining("protected branch") },
  },
  {
    title: "a rule refuses the push as a whole and names the ref",
    before: () => hook("pre-receive", 'echo "error: GH006: Protected branch update failed for refs/heads/main."; exit 1'),
    end: { kind: "not-allowed", ref: MAIN, text: expect.stringContaining("GH006") },
  },
  { title: "the commit is not here", moves: () => [{ ref: TASK, oldSha: null, newSha: "9".repeat(40) }], end: { kind: "not-sent" } },
  {
    title: "the server knows no atomic push",
    before: () => repo.git("config", "receive.advertiseAtomic", "false"),
    end: { kind: "not-sent", text: expect.stringContaining("--atomic") },
  },
];

describe("a push over a path", () => {
  test("moves, creates and deletes all named refs", async () => {
    const end = await pushRefs(at, repo.url, [
      ...landing(),
      { ref: TASK, oldSha: null, newSha: made.other },
      { ref: "refs/heads/spare", oldSha: made.other, newSha: null },
    ]);
    expect(end).toEqual({ kind: "pushed" });
    const kept = `refs/heads/kept ${made.candidate}`;
    expect(refs().split("\n").sort()).toEqual(
      [kept, `${MAIN} ${made.candidate}`, `${TASK} ${made.other}`, `${LEDGER_REF} ${made.write}`].sort(),
    );
  });

  test("ignores the outcome of a post-receive hook", async () => {
    hook("post-receive", "exit 1");
    expect(await pushRefs(at, repo.url, landing())).toEqual({ kind: "pushed" });
  });

  test.each(refused)("moves nothing if $title", async ({ before, moves = () => landing(), end }) => {
    before?.();
    const there = refs();
    expect(await pushRefs(at, repo.url, moves())).toMatchObject(end);
    expect(refs()).toBe(there);
  });

  test("pushing the same commit again is no success, because the ledger's lease decides", async () => {
    set(LEDGER_REF, made.other);
    set(MAIN, made.candidate);
    expect(await pushRefs(at, repo.url, landing())).toMatchObject({ kind: "stale", refs: [LEDGER_REF] });
  });
});

test("reports the rule that rejected one ref, not the refs rejected with it", () => {
  const stdout = Buffer.from(
    [
      "To https://example.invalid/octo/demo.git",
      `!\t${"1".repeat(40)}:${LEDGER_REF}\t[remote rejected] (atomic transaction failed)`,
      `!\t${"2".repeat(40)}:${MAIN}\t[remote rejected] (protected branch hook declined)`,
      "Done",
    ].join("\n"),
  );
  const ran = { code: 1, stdout, stderr: "remote: error: GH006: Protected branch update failed.\n", timedOut: false };
  expect(parsePushResult(ran, landing())).toMatchObject({ kind: "not-allowed", ref: MAIN, text: expect.stringContaining("GH006") });
});
