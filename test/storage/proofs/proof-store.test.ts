import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Execution } from "../../../src/core/domain/execution.ts";
import { createExecution } from "../../../src/core/domain/execution-lifecycle.ts";
import type { Sha } from "../../../src/core/domain/ids.ts";
import type { LandingProof } from "../../../src/core/domain/landing-proof.ts";
import { emptyLedger, type Ledger } from "../../../src/core/domain/ledger.ts";
import { LEDGER_REF, PROOFS_REF, toBranchRef, toProofPath } from "../../../src/core/domain/refs.ts";
import type { LandingStatement } from "../../../src/core/proof/landing-statement.ts";
import { judgeLanding, openProof } from "../../../src/core/proof/verify-proof.ts";
import type { RepositoryClone } from "../../../src/storage/git/repository-clone.ts";
import { loadRefusedLedgers, openLedgerGuard } from "../../../src/storage/ledger/guard-ledger.ts";
import { type LedgerSeal, readLedgerKeys } from "../../../src/storage/ledger/ledger-keys.ts";
import { readLandingFacts } from "../../../src/storage/proofs/landing-facts.ts";
import { openProofStore } from "../../../src/storage/proofs/proof-store.ts";
import { stepIn } from "../../support/build.ts";
import { OWN_KEY, sealStatement, trustIn } from "../../support/proof.ts";
import { repository } from "../../support/repository.ts";

const ADDRESS = "https://github.com/octo/demo";

const readSeal = (): LedgerSeal => {
  const keys = readLedgerKeys(OWN_KEY.secret?.export({ format: "pem", type: "pkcs8" }).toString() ?? "");
  if (!keys.ok) throw new Error(keys.refusal.code);
  return { keys: keys.value, repository: "octo/demo" };
};
const SEAL = readSeal();

let repo: Awaited<ReturnType<typeof repository>>;
beforeEach(async () => {
  repo = await repository();
});
afterEach(() => repo.close());

type LandedCommits = { readonly step: string; readonly onto: Sha; readonly commit: Sha; readonly over?: Partial<LandingProof> };

const landIn = async (clone: RepositoryClone, { step, onto, commit, over }: LandedCommits): Promise<Execution["steps"][string]> => {
  const tree = repo.git("rev-parse", `${commit}^{tree}`);
  const proof: LandingProof = {
    onto,
    tip: commit,
    method: "squash",
    candidate: { commit, tree },
    verdict: { commit, run: 7 },
    tasks: [`abcdef-${step}`],
    attempt: 1,
    head: commit,
    pull: 2,
    plan: "a".repeat(64),
    approval: { by: "mona", at: 1_000, source: "comment 3" },
    reviews: [],
    decisions: [],
    policy: { branch: "main", commit: onto, digest: "b".repeat(64) },
    ...over,
  };
  await clone.fetch();
  return stepIn(step, "done", { landed: { commit, at: 5_000, proof } });
};

const toLedger = (...steps: Execution["steps"][string][]): Ledger => ({
  ...emptyLedger,
  executions: {
    abcdef: {
      ...createExecution({
        id: "abcdef",
        issue: 1,
        onPullRequest: false,
        requestedBy: "mona",
        request: "fix",
        baseBranch: "main",
        createdAt: 0,
      }),
      steps: Object.fromEntries(steps.map((step) => [step.id, step])),
    },
  },
});

/** Opens a process with its clone and its store; a push like the ledger's moves the store's refs. */
const openProcess = async (seal: LedgerSeal | undefined = SEAL) => {
  const clone = await repo.clone();
  const log: string[] = [];
  const store = openProofStore({ clone, seal, repository: ADDRESS, log: (line) => void log.push(line) });
  const plan = async (before: Ledger, after: Ledger) => store.createMoves({ before, after, refs: await clone.refs(), at: 9_000 });
  return {
    clone,
    log,
    plan,
    push: async (moves: Awaited<ReturnType<typeof plan>>): Promise<string> => {
      const { kind } = await clone.push(moves);
      if (kind === "pushed") store.remember(moves);
      return kind;
    },
    /** Saves a ledger and pushes the proofs of its landings. */
    save: async (before: Ledger, after: Ledger): Promise<number> => {
      await clone.fetch();
      const moves = await plan(before, after);
      if (moves.length > 0) expect((await clone.push(moves)).kind).toBe("pushed");
      store.remember(moves);
      return moves.length;
    },
  };
};

const readProof = (commit: Sha): string => repo.git("cat-file", "blob", `${PROOFS_REF}:${toProofPath(commit)}`);
const isProven = async (clone: RepositoryClone, commit: Sha, trust = trustIn(OWN_KEY)): Promise<boolean> => {
  const opened = openProof(Buffer.from(`${readProof(commit)}\n`), trust);
  if (!opened.ok) return false;
  const { subject, predicate } = opened.value.statement;
  const place = { subject: subject[0].digest.gitCommit, tip: predicate.landing.tip, onto: predicate.base.commit };
  return (
    judgeLanding(opened.value.statement, {
      commit,
      repository: ADDRESS,
      branch: "main",
      ...(await readLandingFacts(clone.running, place)),
    }) === null
  );
};

const twoLandings = async (clone: RepositoryClone) => {
  const base = await repo.commit("main", { "a.txt": "1" });
  const fix = await repo.commit("main", { "a.txt": "2" });
  const more = await repo.commit("main", { "a.txt": "3" });
  const first = toLedger(await landIn(clone, { step: "fix", onto: base, commit: fix }));
  const both = toLedger(
    ...Object.values(first.executions["abcdef"]?.steps ?? {}),
    await landIn(clone, { step: "more", onto: fix, commit: more }),
  );
  return { base, fix, more, first, both };
};

describe("the statement about a landing", () => {
  test("is written with the ledger that records the landing, once, and later ones follow in the same line", async () => {
    const own = await openProcess();
    const { fix, more, first, both } = await twoLandings(own.clone);
    expect(await own.save(emptyLedger, first)).toBe(1);
    expect(await isProven(own.clone, fix)).toBe(true);
    expect(await own.save(first, first)).toBe(0);
    expect(await own.save(first, both)).toBe(1);
    expect([await isProven(own.clone, fix), await isProven(own.clone, more)]).toEqual([true, true]);
    expect(repo.git("rev-list", "--count", PROOFS_REF)).toBe("2");
  });

  test("is complete for a process that starts later, which writes nothing", async () => {
    const own = await openProcess();
    const { both } = await twoLandings(own.clone);
    await own.save(emptyLedger, both);
    expect(await (await openProcess()).save(both, both)).toBe(0);
  });

  test("is the same in every process", async () => {
    const [one, other] = [await openProcess(), await openProcess()];
    const { fix, first } = await twoLandings(one.clone);
    await one.save(emptyLedger, first);
    const text = readProof(fix);
    repo.git("update-ref", "-d", PROOFS_REF);
    await other.save(first, first);
    expect(readProof(fix)).toBe(text);
  });

  test("is missing if GitHub merged another tree than the verified one, and the log says so", async () => {
    const own = await openProcess();
    const { base, fix } = await twoLandings(own.clone);
    const candidate = { commit: fix, tree: repo.git("rev-parse", `${base}^{tree}`) };
    const landed = toLedger(await landIn(own.clone, { step: "fix", onto: base, commit: fix, over: { candidate } }));
    expect(await own.save(emptyLedger, landed)).toBe(0);
    expect(own.log.join("\n")).toContain("abcdef-fix has no proof");
  });

  test("names several steps that GitHub merged as one commit, and needs all of them", async () => {
    const own = await openProcess();
    const { base, fix } = await twoLandings(own.clone);
    const over = { tasks: ["abcdef-fix", "abcdef-more"] as const };
    const steps = [
      await landIn(own.clone, { step: "fix", onto: base, commit: fix, over }),
      await landIn(own.clone, { step: "more", onto: base, commit: fix, over }),
    ];
    expect(await own.save(emptyLedger, toLedger(...steps.slice(1)))).toBe(0);
    expect(await own.save(emptyLedger, toLedger(...steps))).toBe(1);
    const { payload } = JSON.parse(readProof(fix)) as { payload: string };
    expect(Buffer.from(payload, "base64").toString("utf8")).toMatch(/"step":"fix".*"step":"more"/);
  });

  test("covers each commit of a rebase, but not what a person pushed before", async () => {
    const own = await openProcess();
    const { base, fix, more } = await twoLandings(own.clone);
    const rebased = { step: "more", onto: base, commit: more } as const;
    await own.save(emptyLedger, toLedger(await landIn(own.clone, { ...rebased, over: { method: "rebase" } })));
    expect([await isProven(own.clone, fix), await isProven(own.clone, more)]).toEqual([true, true]);
    repo.git("update-ref", "-d", PROOFS_REF);
    // The head has a single commit of its own, so the line's other commit belongs to a person.
    const head = repo.git("commit-tree", "-p", base, "-m", "own", `${more}^{tree}`);
    repo.git("update-ref", toBranchRef("task"), head);
    await own.save(emptyLedger, toLedger(await landIn(own.clone, { ...rebased, over: { method: "rebase", head } })));
    expect(await isProven(own.clone, more)).toBe(true);
    expect(() => readProof(fix)).toThrow();
  });
});

describe("a ref of proofs that somebody", () => {
  const lost: Readonly<Record<string, (commit: Sha) => void>> = {
    deleted: () => repo.git("update-ref", "-d", PROOFS_REF),
    rewound: () => repo.git("update-ref", PROOFS_REF, `${PROOFS_REF}~1`),
    "replaced by a commit of another branch": () => repo.git("update-ref", PROOFS_REF, "refs/heads/main"),
    "replaced by a tag": () => {
      repo.git("-c", "user.name=M", "-c", "user.email=m@example.invalid", "tag", "-a", "-m", "x", "odd", "main");
      repo.git("update-ref", PROOFS_REF, "refs/tags/odd");
    },
    "filled with a file in the place of each folder": (commit) => {
      const blob = repo.git("rev-parse", "main:a.txt");
      repo.git("read-tree", "--empty");
      repo.git("update-index", "--add", "--cacheinfo", `100644,${blob},${commit.slice(0, 2)}`);
      repo.git(
        "update-ref",
        PROOFS_REF,
        repo.git("-c", "user.name=M", "-c", "user.email=m@example.invalid", "commit-tree", "-m", "x", repo.git("write-tree")),
      );
    },
    "filled with other envelopes": (commit) => {
      const blob = repo.git("rev-parse", "main:a.txt");
      repo.git("read-tree", "--empty");
      repo.git("update-index", "--add", "--cacheinfo", `100644,${blob},${toProofPath(commit)}`);
      repo.git(
        "update-ref",
        PROOFS_REF,
        repo.git("-c", "user.name=M", "-c", "user.email=m@example.invalid", "commit-tree", "-m", "x", repo.git("write-tree")),
      );
    },
  };

  /** Signed and well-formed statements that do not verify for the landing. */
  const refused: Readonly<Record<string, (statement: LandingStatement) => LandingStatement>> = {
    "another repository": (it) => ({ ...it, predicate: { ...it.predicate, repository: "https://github.com/octo/fork" } }),
    "another tree": ({ subject: [commit], ...it }) => ({
      ...it,
      subject: [commit, { name: "tree", digest: { gitTree: repo.git("rev-parse", "main~2^{tree}") } }],
    }),
    "another base": (it) => ({ ...it, predicate: { ...it.predicate, base: { ...it.predicate.base, commit: "1".repeat(40) } } }),
    "another branch": (it) => ({ ...it, predicate: { ...it.predicate, base: { ...it.predicate.base, branch: "release" } } }),
    "another candidate": (it) => ({
      ...it,
      predicate: { ...it.predicate, candidate: { ...it.predicate.candidate, tree: "1".repeat(40) } },
    }),
    "a failed verification": (it) => ({
      ...it,
      predicate: { ...it.predicate, verdict: { ...it.predicate.verdict, conclusion: "failure" } },
    }),
  };

  test.each(Object.entries(refused))("filled with a statement about %s has the right one after the next write", async (_, change) => {
    const own = await openProcess();
    const { fix, both } = await twoLandings(own.clone);
    await own.save(emptyLedger, both);
    const opened = openProof(Buffer.from(`${readProof(fix)}\n`), trustIn(OWN_KEY));
    if (!opened.ok) throw new Error(opened.refusal.code);
    await own.clone.fetch();
    const tip = (await own.clone.refs())[PROOFS_REF] ?? null;
    const content = sealStatement(change(opened.value.statement));
    const tree = await own.clone.writeFiles(tip, new Map([[toProofPath(fix), { content, mode: "100644" }]]));
    const newSha = await own.clone.writeCommit({ tree, parents: [], message: "x", at: 0 });
    expect((await own.clone.push([{ ref: PROOFS_REF, oldSha: tip, newSha }])).kind).toBe("pushed");
    expect(await isProven(own.clone, fix)).toBe(false);
    const later = await openProcess();
    expect([await later.save(both, both), await isProven(own.clone, fix)]).toEqual([1, true]);
    expect(await later.save(both, both)).toBe(0);
  });

  test.each(Object.entries(lost))("%s has all statements of the ledger after its next write", async (_, break_) => {
    const own = await openProcess(undefined);
    const { fix, more, first, both } = await twoLandings(own.clone);
    await own.save(emptyLedger, first);
    await own.save(first, both);
    break_(more);
    const trust = { keys: [], acceptsUnsigned: true };
    expect(await own.save(both, both)).toBe(1);
    expect([await isProven(own.clone, fix, trust), await isProven(own.clone, more, trust)]).toEqual([true, true]);
    expect(await own.save(both, both)).toBe(0);
  });

  test("turned into a folder is removed by one write and written by the next", async () => {
    const own = await openProcess();
    const { fix, first } = await twoLandings(own.clone);
    repo.git("update-ref", `${PROOFS_REF}/mine`, "refs/heads/main");
    await own.save(emptyLedger, first);
    await own.save(first, first);
    expect(await isProven(own.clone, fix)).toBe(true);
    expect(repo.git("for-each-ref", `${PROOFS_REF}/`)).toBe("");
  });

  test("moved while a landing is pushed makes the push fail as a whole, and both statements are there after the next", async () => {
    const [one, other] = [await openProcess(), await openProcess()];
    const { fix, more, first, both } = await twoLandings(one.clone);
    await other.clone.fetch();
    const late = await other.plan(emptyLedger, both);
    await one.save(emptyLedger, first);
    expect(await other.push(late)).toBe("stale");
    await other.save(first, both);
    expect([await isProven(one.clone, fix), await isProven(other.clone, more)]).toEqual([true, true]);
  });

  test("turned into a folder is restored with the key too", async () => {
    const own = await openProcess();
    const { fix, first } = await twoLandings(own.clone);
    const guard = openLedgerGuard({ clone: own.clone, seal: SEAL, reportRestored: () => undefined });
    await own.save(emptyLedger, first);
    await guard.verify();
    const right = repo.git("rev-parse", PROOFS_REF);
    repo.git("update-ref", "-d", PROOFS_REF);
    for (const name of ["mine", "yours/too"]) repo.git("update-ref", `${PROOFS_REF}/${name}`, "refs/heads/main");
    await own.clone.fetch();
    await guard.verify();
    expect(repo.git("rev-parse", PROOFS_REF)).toBe(right);
    expect(await isProven(own.clone, fix)).toBe(true);
  });

  test("keeps its statements when a write fails for now", async () => {
    const own = await openProcess();
    const { fix, more, first, both } = await twoLandings(own.clone);
    await own.save(emptyLedger, first);
    const before = repo.git("rev-parse", PROOFS_REF);
    const full: RepositoryClone = { ...own.clone, writeFiles: () => Promise.reject(new Error("no space left on device")) };
    const other = openProofStore({ clone: full, seal: SEAL, repository: ADDRESS, log: () => undefined });
    const change = { before: first, after: both, refs: await own.clone.refs(), at: 9_000 };
    await expect(other.createMoves(change)).rejects.toThrow("no space left");
    await own.save(first, both);
    expect(repo.git("rev-parse", `${PROOFS_REF}^`)).toBe(before);
    expect([await isProven(own.clone, fix), await isProven(own.clone, more)]).toEqual([true, true]);
  });

  test("wrote to without the key is restored like the ledger, and the foreign commit is kept", async () => {
    const own = await openProcess();
    const { first } = await twoLandings(own.clone);
    const restored: unknown[] = [];
    const guard = openLedgerGuard({ clone: own.clone, seal: SEAL, reportRestored: (each) => void restored.push(each) });
    await own.save(emptyLedger, first);
    await guard.verify();
    const right = repo.git("rev-parse", PROOFS_REF);
    repo.git("update-ref", PROOFS_REF, "refs/heads/main");
    const foreign = repo.git("rev-parse", PROOFS_REF);
    await own.clone.fetch();
    await guard.verify();
    expect(restored).toEqual([{ ref: PROOFS_REF, foreign, restored: right }]);
    expect(repo.git("rev-parse", PROOFS_REF)).toBe(right);
    expect(repo.git("rev-parse", `refs/enki/refused/proofs/${foreign}`)).toBe(foreign);
    await own.clone.fetch();
    // Enki informs people on issues only of foreign ledgers.
    expect(await loadRefusedLedgers(own.clone, { ...(await own.clone.refs()), [LEDGER_REF]: right }, first)).toEqual([]);
  });
});
