import { expect, test } from "vitest";
import type { GitHubPorts, PastTexts, GitHubReply } from "../../src/github/github-ports.ts";
import type { RepositoryPermission } from "../../src/core/domain/github-facts.ts";
import type { Query } from "../../src/core/domain/query.ts";
import { readBrief } from "../../src/coordinator/read-brief.ts";

const SELF = "enki[bot]";
type Said = { readonly by: string; readonly member?: boolean; readonly body?: string };

const query = (over: Partial<Extract<Query, { kind: "brief" }>> = {}) =>
  ({
    kind: "brief",
    command: "comment:9",
    issue: 7,
    onPullRequest: false,
    asOf: 100_000,
    comment: null,
    comments: "all",
    maxChars: 40_000,
    ...over,
  }) as const;

const FILES = "https://github.com/user-attachments/files";
const attached: Readonly<Record<string, string>> = {
  [`${FILES}/1/server.log`]: "413",
  [`${FILES}/2/long.log`]: `start${"x".repeat(900)}end`,
};
const SHA = "c".repeat(40);
const git = {
  textAt: (commit: string, path: string) => Promise.resolve(commit === SHA && path === "src/a b.ts" ? "one\ntwo\nthree\nfour" : null),
};

type Fails = (request: string) => Extract<GitHubReply<never>, { ok: false }> | null;
type Changed = { readonly updated: number; readonly past: PastTexts };
const UNCHANGED: Changed = { updated: 0, past: { title: { kind: "same" }, body: { kind: "same" } } };

const HUNK = "@@ -1 +1 @@\n-old\n+new";
const patched = [
  { path: "big.ts", added: 900, removed: 0, patch: `@@ -0,0 +1,900 @@\n${"+x\n".repeat(900)}` },
  { path: "a.ts", added: 3, removed: 1, patch: HUNK },
  { path: "logo.png", added: 0, removed: 0, patch: null },
];

/** Opens a GitHub with one issue, which records every request and fails as given by the test. */
const open = (said: readonly Said[], fails: Fails = () => null, { updated, past }: Changed = UNCHANGED) => {
  const sent: string[] = [];
  const permissions: Record<string, RepositoryPermission> = { ann: "write", reporter: "read" };
  const answer = <T>(request: string, value: T): Promise<GitHubReply<T>> => {
    sent.push(request);
    return Promise.resolve(fails(request) ?? { ok: true, value });
  };
  const all = said.map(({ by, member = false, body = "words" }, at) => ({
    id: at + 1,
    issue: 7,
    onPull: false,
    by,
    member,
    bot: false,
    body: `${body} ${at + 1}`,
    created: at,
    updated: at,
  }));
  const written = { title: "Uploads fail", body: "Always.", by: "reporter", bot: false, created: 0, onPull: false };
  const issue = { ...written, updated, comments: all.length };
  // The double offers only a brief's requests; any other request is a fault.
  const github = {
    issues: {
      read: () => answer("issue", issue),
      textsAt: (_: number, at: number) => answer(`texts at ${at}`, past),
      commentsPage: (_: number, page: number) => answer(`comments ${page}`, all.slice((page - 1) * 100, page * 100)),
    },
    pulls: {
      read: () => answer("pull", { baseBranch: "main", headRef: "octo:patch", head: "a".repeat(40), changedFiles: 120 }),
      files: () => answer("files", patched),
    },
    files: {
      server: "https://github.com",
      repository: "octo/demo",
      read: (url: string) => {
        sent.push(url);
        return Promise.resolve({ kind: "text" as const, text: attached[url] ?? "", whole: true });
      },
    },
    people: { permission: (login: string) => answer(`permission ${login}`, permissions[login] ?? "none") },
  } as unknown as GitHubPorts;
  return { sent, read: (over: Parameters<typeof query>[0] = {}) => readBrief(query(over), { github, botLogin: SELF, git }) };
};

const briefIn = (reply: Awaited<ReturnType<ReturnType<typeof open>["read"]>>) => {
  if (!reply.ok || reply.value.kind !== "read") throw new Error("not read");
  return reply.value.brief;
};

test("requests: one for the issue, one per hundred comments, one per person", async () => {
  const { sent, read } = open([{ by: "ann", member: true }, { by: "eve" }, { by: "ann", member: true }]);
  const brief = briefIn(await read());
  expect(sent).toEqual(["issue", "comments 1", "permission reporter", "permission ann", "permission eve"]);
  expect(brief.comments.map(({ by, permission }) => [by, permission])).toEqual([
    ["ann", "write"],
    ["eve", "none"],
    ["ann", "write"],
  ]);
});

test("requests for a pull request: two more", async () => {
  const { sent, read } = open([]);
  expect(briefIn(await read({ onPullRequest: true })).pull).toEqual({
    baseBranch: "main",
    headRef: "octo:patch",
    head: "a".repeat(40),
    files: [
      { path: "big.ts", added: 900, removed: 0 },
      { path: "a.ts", added: 3, removed: 1 },
      { path: "logo.png", added: 0, removed: 0 },
    ],
    omittedFiles: 117,
    diff: { text: expect.stringMatching(/^=== big\.ts\n@@[^]*\n=== a\.ts\n@@ -1 \+1 @@\n-old\n\+new$/) as string, left: ["logo.png"] },
  });
  expect(sent).toEqual(["issue", "pull", "files", "permission reporter"]);
});

test("the diff of a pull request gets half of the space after comments; the largest files are omitted first, and named", async () => {
  const { read } = open([{ by: "ann", body: "y".repeat(100) }]);
  const { pull, comments } = briefIn(await read({ onPullRequest: true, maxChars: 1_000 }));
  expect(comments).toHaveLength(1);
  expect(pull?.diff).toEqual({ text: `=== a.ts\n${HUNK}`, left: ["big.ts", "logo.png"] });
  expect(briefIn(await read({ onPullRequest: true, maxChars: 110 })).pull?.diff).toEqual({
    text: "",
    left: ["big.ts", "a.ts", "logo.png"],
  });
});

test("requests without comments: the issue and its author", async () => {
  const { sent, read } = open([{ by: "ann" }]);
  expect(briefIn(await read({ comments: "none" })).comments).toEqual([]);
  expect(sent).toEqual(["issue", "permission reporter"]);
});

test("reads the newest pages of ten thousand comments until the space is used, and counts the others", async () => {
  const { sent, read } = open(Array.from({ length: 10_000 }, () => ({ by: "eve", body: "x".repeat(190) })));
  const brief = briefIn(await read());
  expect(sent.slice(0, 4)).toEqual(["issue", "comments 100", "comments 99", "comments 98"]);
  expect(sent).toHaveLength(6);
  expect(brief.comments.at(-1)?.id).toBe(10_000);
  expect(brief.comments.length + brief.omitted.older).toBe(10_000);
});

test("reads at most ten pages and looks up at most twenty people, members first", async () => {
  const hidden = open(Array.from({ length: 10_000 }, () => ({ by: "eve", body: "<!-- hidden --><!--" })));
  await hidden.read();
  expect(hidden.sent.filter((each) => each.startsWith("comments"))).toHaveLength(10);
  const crowd = open([{ by: "ann", member: true }, ...Array.from({ length: 90 }, (_, at) => ({ by: `stranger-${at}` }))]);
  const brief = briefIn(await crowd.read());
  expect(crowd.sent.filter((each) => each.startsWith("permission"))).toHaveLength(20);
  expect(crowd.sent).toContain("permission ann");
  expect(crowd.sent).toContain("permission stranger-89");
  expect(brief.comments.find(({ by }) => by === "stranger-0")?.permission).toBe("unknown");
});

test("a temporary failure delays the command, a refusal answers it", async () => {
  const later = { ok: false, failure: { kind: "later", retryAt: 5, reason: "502", unclear: false } } as const;
  const gone = { ok: false, failure: { kind: "refused", code: "gone", reason: "This issue was deleted" } } as const;
  for (const request of ["issue", "comments 1", "permission reporter", "pull", "files"]) {
    const { read } = open([{ by: "ann" }], (each) => (each === request ? later : null));
    expect(await read({ onPullRequest: true })).toEqual(later);
  }
  for (const request of ["issue", "comments 1", "pull", "files"]) {
    const { read } = open([{ by: "ann" }], (each) => (each === request ? gone : null));
    expect(await read({ onPullRequest: true })).toEqual({ ok: true, value: { kind: "refused", reason: "This issue was deleted" } });
  }
});

test("does not trust a person whom GitHub does not show", async () => {
  const gone = { ok: false, failure: { kind: "refused", code: "not-allowed", reason: "no" } } as const;
  const { read } = open([{ by: "ann" }], (each) => (each === "permission ann" ? gone : null));
  expect(briefIn(await read()).comments[0]?.permission).toBe("unknown");
});

test("adds linked text files and code locations to the brief, after the comments", async () => {
  const code = `https://github.com/octo/demo/blob/${SHA}`;
  const body = `See [the log](${FILES}/1/server.log), ${code}/src/a%20b.ts#L2-L3 and ${code}/gone.ts#L1.`;
  const { sent, read } = open([
    { by: "ann", member: true, body },
    { by: "eve", body: `${FILES}/1/server.log ${FILES}/2/long.log` },
  ]);
  const brief = briefIn(await read({ maxChars: 900 }));
  const place = `src/a b.ts lines 2-3 at ${SHA.slice(0, 12)}`;
  expect(brief.files).toEqual([
    { name: "server.log", url: `${FILES}/1/server.log`, trusted: true, text: "413", reason: "" },
    { name: place, url: `${code}/src/a%20b.ts`, trusted: true, text: "two\nthree", reason: "" },
    expect.objectContaining({ text: null, reason: "this repository has no such file at that commit" }),
    expect.objectContaining({ name: "long.log", trusted: false, text: expect.stringMatching(/^startx+\n\[… left out .*\]\nx+end$/) }),
  ]);
  expect(sent.filter((request) => request.startsWith("https"))).toEqual([`${FILES}/1/server.log`, `${FILES}/2/long.log`]);
});

test("requests at most ten files, for the space after comments", async () => {
  const links = Array.from({ length: 30 }, (_, at) => `${FILES}/${at}/a${at}.log`).join(" ");
  const many = open([{ by: "ann", body: links }]);
  const brief = briefIn(await many.read());
  expect(many.sent.filter((request) => request.startsWith("https"))).toHaveLength(10);
  expect(brief.files).toHaveLength(20);
  const full = open([{ by: "ann", member: true, body: `${FILES}/1/server.log ${"x".repeat(500)}` }]);
  expect(briefIn(await full.read({ maxChars: 300 })).files).toEqual([
    expect.objectContaining({ text: null, reason: "the brief has no room for it" }),
  ]);
});

test("restores title and text at the time of the command, with one request if the issue changed since", async () => {
  const past: PastTexts = { title: { kind: "was", text: "It fails" }, body: { kind: "was", text: "Sometimes.<!-- hidden -->" } };
  const before = open([], undefined, { updated: 100_000, past });
  expect(briefIn(await before.read())).toMatchObject({ title: "Uploads fail", body: "Always." });
  expect(before.sent).toEqual(["issue", "permission reporter"]);
  const after = open([], undefined, { updated: 101_000, past });
  const brief = briefIn(await after.read());
  expect(brief).toMatchObject({ title: "It fails", body: "Sometimes." });
  expect(brief.late).toBeUndefined();
  expect(after.sent).toEqual(["issue", "texts at 100000", "permission reporter"]);
});

test("uses the last edit of an unrecoverable text and says so", async () => {
  const past: PastTexts = { title: { kind: "same" }, body: { kind: "unknown", edited: 150_000 } };
  const changed = { updated: 160_000, past };
  expect(briefIn(await open([], undefined, changed).read())).toMatchObject({
    body: "Always.",
    late: { title: false, body: true, at: 150_000, edited: true },
  });
  const refused = { ok: false, failure: { kind: "refused", code: "not-allowed", reason: "no" } } as const;
  const denied = open([], (request) => (request.startsWith("texts") ? refused : null), changed);
  expect(briefIn(await denied.read()).late, "a comment may have changed it").toEqual({
    title: true,
    body: true,
    at: 160_000,
    edited: false,
  });
  const later = { ok: false, failure: { kind: "later", retryAt: 5, reason: "502", unclear: false } } as const;
  const broken = open([], (request) => (request.startsWith("texts") ? later : null), changed);
  expect(await broken.read()).toEqual(later);
});
