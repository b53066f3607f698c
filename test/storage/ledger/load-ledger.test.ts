import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openResultReader } from "../../../src/storage/ledger/load-ledger.ts";
import type { JobResult } from "../../../src/core/domain/job.ts";
import { emptyLedger } from "../../../src/core/domain/ledger.ts";
import { RESULTS_PREFIX, toResultRef } from "../../../src/core/domain/refs.ts";
import { repository } from "../../support/repository.ts";

let repo: Awaited<ReturnType<typeof repository>>;
beforeAll(async () => {
  repo = await repository();
});
afterAll(() => repo.close());

const result: JobResult = {
  format: 2,
  job: "work/abcdef-fix/1",
  run: 1,
  baseCommit: "1".repeat(40),
  end: "unchanged",
  reason: "",
  output: "",
  artifact: null,
  outcome: null,
  answer: "",
  replies: [],
  files: [],
  tools: [],
  spent: 0,
};

test("ignores foreign objects under result refs and reads the results beside them", async () => {
  const clone = await repo.clone();
  const put = async (files: Record<string, string>): Promise<string> => {
    const tree = await clone.writeFiles(null, new Map(Object.entries(files).map(([path, content]) => [path, { content, mode: "100644" }])));
    return clone.writeCommit({ tree, parents: [], message: "result", at: 0 });
  };
  const good = await put({ "result.json": JSON.stringify(result) });
  const git = (input: string, ...args: string[]): string =>
    execFileSync("git", args, { cwd: clone.directory, input, encoding: "utf8" }).trim();
  const other = (attempt: number) => toResultRef(`work/abcdef-fix/${attempt}`);
  const text = JSON.stringify({ ...result, job: "work/abcdef-fix/4" });
  const commit = await put({ "result.json": text });
  const link = git(`160000 commit ${"7".repeat(40)}\tresult.json\n`, "mktree", "--missing");
  const bad: readonly [string, string][] = [
    [other(2), git("no tree at all", "hash-object", "-w", "--stdin")],
    [other(3), await clone.writeCommit({ tree: link, parents: [], message: "a submodule", at: 0 })],
    [other(4), git(`object ${commit}\ntype commit\ntag x\ntagger a <a@x> 0 +0000\n\n`, "mktag")],
    [other(5), git(`100644 blob ${git("x", "hash-object", "-w", "--stdin")}\tx\n`, "mktree")],
    [other(6), await put({ "result.json/report": text })],
    [other(7), await put({ "result.json": "{" })],
    [other(8), good],
  ];
  for (const [ref, id] of [[toResultRef(result.job), good] as const, ...bad]) {
    git("", "update-ref", ref, id);
    git("", "push", "-q", repo.url, `${id}:${ref}`);
  }
  const fresh = await repo.clone();
  await fresh.fetch();
  const refs = await fresh.refs();
  expect(Object.keys(refs)).toHaveLength(8);
  const events = await openResultReader(fresh)(refs, emptyLedger);
  expect(events.filter(({ kind }) => kind === "resulted")).toEqual([{ kind: "resulted", id: `result:${good}`, commit: good, result }]);
  expect(events.flatMap((event) => (event.kind === "misplaced" ? [[event.ref, event.commit, event.job, event.fault]] : []))).toEqual(
    ["not-a-commit", "malformed", "not-a-commit", "not-a-commit", "malformed", "malformed", "other-job"].map((fault, index) => {
      const [ref = "", id = ""] = bad[index] ?? [];
      return [ref, id, ref.slice(RESULTS_PREFIX.length), fault];
    }),
  );
});

describe("a result names the ledgers that its job read, and", () => {
  const LEDGER = "refs/enki/ledger";
  let clone: Awaited<ReturnType<typeof repo.clone>>;
  const load = async (ledgers: readonly string[] | undefined, tips: readonly (string | null)[]) => {
    const content = JSON.stringify({ ...result, ...(ledgers && { ledgers }) });
    const tree = await clone.writeFiles(null, new Map([["result.json", { content, mode: "100644" }]]));
    const commit = await clone.writeCommit({ tree, parents: [], message: "result", at: 0 });
    const read = openResultReader(clone);
    let kind = "";
    for (const tip of tips) {
      const refs = { [toResultRef(result.job)]: commit, ...(tip !== null && { [LEDGER]: tip }) };
      const [event] = await read(refs, emptyLedger);
      kind = event?.kind === "misplaced" ? event.fault : (event?.kind ?? "none");
    }
    return kind;
  };
  let line: string[];
  let foreign: string;
  beforeAll(async () => {
    clone = await repo.clone();
    const tree = await clone.writeFiles(null, new Map([["ledger.json", { content: "{}", mode: "100644" }]]));
    line = [];
    for (const message of ["one", "two", "three", "four"])
      line.push(await clone.writeCommit({ tree, parents: line.slice(-1), message, at: 0 }));
    foreign = await clone.writeCommit({ tree, parents: line.slice(-1), message: "approved by maintainer", at: 0 });
  });

  test.each<[string, (at: { line: string[]; foreign: string }) => [string[] | undefined, (string | null)[]], string]>([
    ["counts if both are the ledger of now", ({ line: all }) => [[all[3] ?? "", all[3] ?? ""], [all[3] ?? ""]], "resulted"],
    ["counts if the ledger grew since", ({ line: all }) => [[all[0] ?? "", all[2] ?? ""], [all[3] ?? ""]], "resulted"],
    ["counts without them, as results of earlier versions do", ({ line: all }) => [undefined, [all[3] ?? ""]], "resulted"],
    [
      "is ignored if publish read a ledger that was refused since",
      (at) => [[at.line[3] ?? "", at.foreign], [at.line[3] ?? ""]],
      "foreign-ledger",
    ],
    [
      "is ignored if prepare read a ledger that was refused since",
      (at) => [[at.foreign, at.line[3] ?? ""], [at.line[3] ?? ""]],
      "foreign-ledger",
    ],
    ["is ignored if it read a ledger of the future", ({ line: all }) => [[all[3] ?? ""], [all[1] ?? ""]], "foreign-ledger"],
    ["is ignored if its ledger is no commit here", ({ line: all }) => [["9".repeat(40)], [all[3] ?? ""]], "foreign-ledger"],
    ["is ignored if there is no ledger any longer", ({ line: all }) => [[all[3] ?? ""], [null]], "foreign-ledger"],
    [
      "counts if this process had the ledger before another one continued it",
      ({ line: all, foreign: other }) => [[all[3] ?? ""], [all[3] ?? "", other]],
      "resulted",
    ],
  ])("%s", async (_, of, expected) => {
    const [ledgers, tips] = of({ line, foreign });
    expect(await load(ledgers, tips)).toBe(expected);
  });
});

describe("a result is read without the credential that its job left in", () => {
  const token = ["gh", "p_", "a1B2".repeat(9)].join("");
  const disguises = { plain: token, "in base64": Buffer.from(token).toString("base64"), reversed: token.split("").toReversed().join("") };
  const places: Record<string, (text: string) => Partial<JobResult>> = {
    "its reason": (text) => ({ reason: text }),
    "its answer": (text) => ({ answer: text }),
    "its output": (text) => ({ output: text }),
    "its report": (text) => ({ artifact: text }),
    "its outcome": (text) => ({ outcome: { kind: "failed", reason: text } }),
    "an answer to a remark": (text) => ({ replies: [{ comment: 1, addressed: true, text }] }),
    "a mail": (text) => ({
      tools: [
        {
          kind: "mail-send",
          to: "user",
          subject: "s",
          body: text,
          priority: "normal",
          type: "info",
          thread: null,
          replyTo: null,
          ttl: null,
        },
      ],
    }),
    "a backlog item": (text) => ({ tools: [{ kind: "backlog-add", body: text }] }),
    "a quick task": (text) => ({ tools: [{ kind: "quick", prompt: text }] }),
  };
  const cases = Object.entries(places).flatMap(([place, over]) =>
    Object.entries(disguises).map(([disguise, text]): [string, Partial<JobResult>, string] => [
      `${place}, ${disguise}`,
      over(`key ${text} end`),
      text,
    ]),
  );

  test.each(cases)("%s", async (_, over, text) => {
    const clone = await repo.clone();
    const content = JSON.stringify({ ...result, ...over });
    expect(content).toContain(text);
    const tree = await clone.writeFiles(null, new Map([["result.json", { content, mode: "100644" }]]));
    const commit = await clone.writeCommit({ tree, parents: [], message: "result", at: 0 });
    const [event] = await openResultReader(clone)({ [toResultRef(result.job)]: commit }, emptyLedger);
    expect(event).toMatchObject({ kind: "resulted", commit });
    expect(JSON.stringify(event)).toContain("[redacted]");
    expect(JSON.stringify(event)).not.toContain(text);
  });
});
