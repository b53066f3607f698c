import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RepositoryClone } from "../../../src/storage/git/repository-clone.ts";
import { runGitOrThrow } from "../../../src/storage/git/run-git.ts";
import { repository } from "../../support/repository.ts";

let repo: Awaited<ReturnType<typeof repository>>;
let clone: RepositoryClone;
beforeAll(async () => {
  repo = await repository();
  clone = await repo.clone();
});
afterAll(() => repo.close());

const LINES = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";

type Files = Readonly<Record<string, string | null>>;

let count = 0;
/** Creates a commit with these changed files, by its own author. */
const commit = async (parents: readonly string[], files: Files, who = "Ann"): Promise<string> => {
  const map = new Map(
    Object.entries(files).map(([path, content]) => [path, content === null ? null : { content, mode: "100644" as const }]),
  );
  const tree = await clone.writeFiles(parents[0] ?? null, map);
  const name = { GIT_AUTHOR_NAME: who, GIT_COMMITTER_NAME: who };
  const email = { GIT_AUTHOR_EMAIL: "ann@example.invalid", GIT_COMMITTER_EMAIL: "ann@example.invalid" };
  const dates = { GIT_AUTHOR_DATE: `@${1_000_000 + (count += 1)} +0000`, GIT_COMMITTER_DATE: "@2000000 +0000" };
  const at = { ...clone.running, env: { ...name, ...email, ...dates } };
  const of = parents.flatMap((parent) => ["-p", parent]);
  return (await runGitOrThrow(at, ["commit-tree", tree, ...of, "-m", `change ${Object.keys(files).join(", ")}`])).trim();
};
const shown = async (at: string): Promise<Record<string, string>> =>
  Object.fromEntries([...(await clone.readFiles(at))].map(([path, content]) => [path, content.toString("utf8")]));
const log = async (at: string, format: string): Promise<string> =>
  (await runGitOrThrow(clone.running, ["log", `--format=${format}`, at])).trim();
const carry = (head: string, from: string, onto: string) =>
  clone.rebase({ kind: "rebase-commits", head, forkPoint: from, onto, message: "Do it\n\nEnki-Task: a-b" });
const made = (carried: Awaited<ReturnType<typeof carry>>): string => (carried.kind === "commit" ? carried.commit : carried.kind);

/** Creates a base, a later removed commit on the base, and a step's work on that commit. */
const rewound = async () => {
  const base = await commit([], { "a.txt": LINES });
  const lost = await commit([base], { "a.txt": LINES.replace("1", "lost"), "lost.txt": "lost\n" });
  const head = await commit([lost], { "a.txt": LINES.replace("1", "lost").replace("9", "own"), "own.txt": "own\n" });
  return { base, lost, head };
};

describe("a head's own changes", () => {
  test("are rebased on an earlier tip without the lost commit", async () => {
    const { base, lost, head } = await rewound();
    const merged = await clone.mergeChain({ kind: "merge-chain", onto: base, merges: [{ task: "a-b", head, message: "m", needs: [] }] });
    expect(Object.keys(await shown(merged[0]?.kind === "merged" ? merged[0].commit : "")), "what a plain merge gives").toContain(
      "lost.txt",
    );
    const carried = made(await carry(head, lost, base));
    expect(await shown(carried)).toEqual({ "a.txt": LINES.replace("9", "own"), "own.txt": "own\n" });
    expect(await clone.isAncestor(lost, carried)).toBe(false);
    expect(await clone.isAncestor(base, carried)).toBe(true);
    expect(made(await carry(head, lost, base))).toBe(carried);
  });

  test("are rebased on another line", async () => {
    const { base, lost, head } = await rewound();
    const other = await commit([base], { "a.txt": LINES.replace("5", "other"), "lost.txt": "another\n" });
    expect(await shown(made(await carry(head, lost, other)))).toEqual({
      "a.txt": LINES.replace("5", "other").replace("9", "own"),
      "lost.txt": "another\n",
      "own.txt": "own\n",
    });
  });

  test("change nothing if already there, and conflict if they touch lost lines", async () => {
    const { base, lost, head } = await rewound();
    const same = await commit([base], { "a.txt": LINES.replace("9", "own"), "own.txt": "own\n" });
    expect(await carry(head, lost, same)).toEqual({ kind: "unchanged" });
    const touching = await commit([head], { "lost.txt": "lost and more\n" });
    expect(await carry(touching, lost, base)).toEqual({ kind: "conflict", paths: ["lost.txt"] });
  });

  test("keep a person's commits with author and message if the files are the same", async () => {
    const { base, lost, head } = await rewound();
    const second = await commit([head], { "by-hand.txt": "1\n" }, "Bob");
    const third = await commit([second], { "by-hand.txt": "2\n" }, "Cleo");
    const carried = made(await carry(third, lost, base));
    expect(await log(`${base}..${carried}`, "%an <%ae> %cn %s")).toBe(
      [
        "Cleo <ann@example.invalid> Enki change by-hand.txt",
        "Bob <ann@example.invalid> Enki change by-hand.txt",
        "Ann <ann@example.invalid> Enki change a.txt, own.txt",
      ].join("\n"),
    );
    expect((await shown(carried))["by-hand.txt"]).toBe("2\n");
  });

  test("become one commit if a person merged the lost commit", async () => {
    const { base, lost, head } = await rewound();
    const more = await commit([lost], { "more.txt": "lost too\n" });
    const merge = await commit([head, more], { "more.txt": "lost too\n", "by-hand.txt": "1\n" }, "Bob");
    const carried = made(await carry(merge, more, base));
    expect(await shown(carried)).toEqual({ "a.txt": LINES.replace("9", "own"), "own.txt": "own\n", "by-hand.txt": "1\n" });
    expect(await log(`${base}..${carried}`, "%an %s")).toBe("Enki Do it");
  });
});

describe("the base of a head", () => {
  const ground = (head: string, tip: string, ...left: string[]) =>
    clone.newestBase({ kind: "newest-base", head, tip, abandonedTips: left });

  test("is the newest commit of the base that it contains, preferably a lost one", async () => {
    const { base, lost, head } = await rewound();
    expect(await ground(head, lost)).toBe(lost);
    expect(await ground(head, base)).toBe(base);
    expect(await ground(head, base, lost)).toBe(lost);
    const later = await commit([lost], { "later.txt": "lost too\n" });
    expect(await ground(head, base, later)).toBe(lost);
    expect(await ground(await commit([base], { "b.txt": "1" }), base, lost)).toBe(base);
  });

  test("is null for an unrelated head; a missing lost commit is ignored", async () => {
    const { base, lost, head } = await rewound();
    expect(await ground(await commit([], { "x.txt": "1" }), base, lost)).toBeNull();
    expect(await ground(head, base, "0".repeat(40))).toBe(base);
  });
});

describe("a conflict of a head's own changes", () => {
  const conflicting = async () => {
    const { base, lost } = await rewound();
    const head = await commit([lost], { "a.txt": LINES.replace("1", "lost").replace("5", "own"), "own.txt": "own\n" });
    const onto = await commit([base], { "a.txt": LINES.replace("5", "other") });
    return { lost, head, onto, from: lost };
  };

  test("concerns and marks these changes only", async () => {
    const { head, onto, from } = await conflicting();
    expect(await clone.conflicts({ kind: "conflicts", onto, head, forkPoint: from })).toEqual([{ path: "a.txt", kind: "contents" }]);
    const merge = await clone.startResolution({ onto, head, regenerated: [], forkPoint: from });
    const begun = await shown(merge);
    expect(begun["a.txt"]).toMatch(/^1\n2\n3\n4\n<<<<<<< .*\nother\n=======\nown\n>>>>>>> .*\n6\n/);
    expect(Object.keys(begun)).not.toContain("lost.txt");
    expect(await runGitOrThrow(clone.running, ["diff", "--name-only", `${merge}^1...${merge}^2`])).toBe("a.txt\nown.txt\n");
    expect(await runGitOrThrow(clone.running, ["diff", "--name-only", onto, `${merge}^1`])).toBe("");
  });

  test("is resolved as a commit on the base, without the head's history", async () => {
    const { head, onto, from, lost } = await conflicting();
    const tree = new Map([
      ["result.json", { content: JSON.stringify({ files: [{ path: "a.txt", mode: "100644" }] }), mode: "100644" as const }],
      ["files/a.txt", { content: LINES.replace("5", "both"), mode: "100644" as const }],
    ]);
    const result = await clone.writeCommit({ tree: await clone.writeFiles(null, tree), parents: [], message: "result", at: 5_000 });
    const built = await clone.resolution({
      kind: "resolution",
      result,
      onto,
      head,
      regenerated: [],
      message: "Resolve it",
      forkPoint: from,
    });
    const resolved = built.kind === "commit" ? built.commit : "";
    expect(await shown(resolved)).toEqual({ "a.txt": LINES.replace("5", "both"), "own.txt": "own\n" });
    expect(await log(resolved, "%P")).toMatch(new RegExp(`^${onto}`));
    expect(await clone.isAncestor(lost, resolved)).toBe(false);
  });
});
