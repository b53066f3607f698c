import { createHash } from "node:crypto";
import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { REPO } from "../api/stage.ts";
import { strange, wordsOf } from "./inspect.ts";
import { openPages, sharePages } from "./stage.ts";

const shared = sharePages();

test("a new repository shows that its lists are empty", async () => {
  const { page, look, git } = await openPages();
  const head = await git("rev-parse", "HEAD");
  const overview = wordsOf(await page(""));
  for (const words of [
    "octo / demo",
    "on this machine",
    "No issues yet.",
    "No pull requests yet.",
    "No workflow has run yet.",
    head.slice(0, 7),
  ])
    expect(overview).toContain(words);
  expect(wordsOf(await page("/issues"))).toContain("No issues yet.");
  expect(wordsOf(await page("/pulls?page=3"))).toContain("No more entries.");
  expect(wordsOf(await page("/ledger"))).toContain("Enki has not made a decision in this repository yet.");
  expect(wordsOf((await look("/")).text)).toContain("octo / demo 0 issues · 0 pull requests · 0 runs");
});

test("an issue shows authors, comments and reactions, and links mentioned issues and commits", async () => {
  const { api, page, issue, comment, git } = shared();
  const head = await git("rev-parse", "HEAD");
  const number = await issue("It is *slow*", "Since #1, see.\n\n| a | b |\n|-|-|\n| 1 | 2 |\n");
  const said = await comment(number, `as of ${head.slice(0, 12)}, not of ${"ab".repeat(20)}`);
  await api.reactions.createForIssueComment({ ...REPO, comment_id: said, content: "rocket" });
  const shown = await page(`/issues/${number}`);
  expect(shown).toContain(`<title>It is *slow* #${number} · octo/demo</title>`);
  expect(shown).toContain('<a href="/octo/demo/issues/1">#1</a>');
  expect(shown).toContain("<td>1</td>");
  expect(shown).toContain(`<a href="/octo/demo/commit/${head}">${head.slice(0, 12)}</a>, not of ${"ab".repeat(20)}`);
  expect(shown).toContain(`id="issuecomment-${said}"`);
  expect(shown).toContain('title="rocket: octo"');
  expect(strange(shown)).toEqual([]);
});

test("marks an edited comment and a closed issue", async () => {
  const { api, page, issue, comment } = shared();
  const number = await issue("Crash");
  const said = await comment(number, "old");
  await api.issues.updateComment({ ...REPO, comment_id: said, body: "new" });
  await api.issues.update({ ...REPO, issue_number: number, state: "closed" });
  const words = wordsOf(await page(`/issues/${number}`));
  expect(words).toMatch(/commented 20 Nov [\d:]+ · edited 20 Nov [\d:]+ new/);
  expect(words).not.toContain("old");
  expect(words).toMatch(/Crash #\d+ closed/);
  expect(words).toContain("No description provided.");
});

test("a pull request shows its branches, checks, commits and changes, with the newest status", async () => {
  const { api, page, issue, commit, git, push } = shared();
  const number = await issue("Slow");
  await git("checkout", "-q", "-b", "task/ab12cd-quick", "main");
  const head = await commit({ "src/quick.txt": "faster\n" });
  await push("task/ab12cd-quick");
  const { data: pull } = await api.pulls.create({
    ...REPO,
    head: "task/ab12cd-quick",
    base: "main",
    title: "Quicker",
    body: `for #${number}`,
  });
  for (const [state, description] of [
    ["pending", "is looked at"],
    ["success", "is well"],
  ] as const)
    await api.repos.createCommitStatus({ ...REPO, sha: head, state, context: "gate", description, target_url: "https://ci.invalid/1" });
  await api.pulls.createReview({ ...REPO, pull_number: pull.number, event: "COMMENT", body: "nice" });
  const shown = await page(`/pull/${pull.number}`);
  const words = wordsOf(shown);
  for (const part of [
    `Quicker #${pull.number} open`,
    "task/ab12cd-quick",
    "success is well",
    "commented reviewed at",
    "nice",
    "1 commit",
    "1 file changed",
    "src/quick.txt",
    "+ faster",
  ])
    expect(words).toContain(part);
  expect(words).not.toContain("is looked at");
  expect(shown).toContain('<a class="chip branch" href="/octo/demo/commits/task%2Fab12cd-quick">');
  expect(shown).toContain('<a href="https://ci.invalid/1" rel=');
  expect(strange(shown)).toEqual([]);
  expect(wordsOf(await page(`/issues/${number}`))).toContain("Pull requests for this issue Quicker");
  expect(wordsOf(await page("/pulls"))).toContain(`Quicker #${pull.number} open`);
});

test("a pull request shows review comments with their lines, and no review without a text", async () => {
  const { api, page, push, git, commit } = shared();
  await git("checkout", "-q", "-B", "lines", "main");
  const commit_id = await commit({ "said.txt": "<b>one</b>\n" });
  await push("lines");
  const { data: pull } = await api.pulls.create({ ...REPO, head: "lines", base: "main", title: "Lines" });
  const on = { ...REPO, pull_number: pull.number };
  const { data } = await api.pulls.createReviewComment({ ...on, commit_id, path: "said.txt", line: 1, body: "Why bold?" });
  await api.pulls.createReplyForReviewComment({ ...on, comment_id: data.id, body: "It is louder." });
  const shown = await page(`/pull/${pull.number}`);
  expect(wordsOf(shown)).toMatch(/commented on said\.txt:1 .*Why bold\? .*\+<b>one<\/b> .*replied on said\.txt:1 .*It is louder\./);
  expect(wordsOf(shown)).not.toContain("reviewed at");
  expect(shown).not.toContain("<b>one");
});

test("a landed pull request still shows its changes, and its deleted branch is not a link", async () => {
  const { api, page, commit, git, push } = shared();
  await git("checkout", "-q", "-b", "side", "main");
  await commit({ "side.txt": "from the side\n" });
  await push("side");
  const { data: pull } = await api.pulls.create({ ...REPO, head: "side", base: "main", title: "Side" });
  await api.pulls.merge({ ...REPO, pull_number: pull.number });
  await api.git.deleteRef({ ...REPO, ref: "heads/side" });
  const shown = await page(`/pull/${pull.number}`);
  expect(wordsOf(shown)).toMatch(/Side #\d+ merged.*landed as.*1 commit.*from the side/);
  expect(shown).toContain('<span class="chip" title="side">side</span>');
});

test("redirects each number to the page of its kind", async () => {
  const { look, issue, push, api, git, commit } = shared();
  const one = await issue("An issue");
  await git("checkout", "-q", "-b", "other", "main");
  await commit({ "a.txt": "a" });
  await push("other");
  const { data: pull } = await api.pulls.create({ ...REPO, head: "other", base: "main", title: "A pull request" });
  expect((await look(`/octo/demo/pull/${one}`)).headers["location"]).toBe(`/octo/demo/issues/${one}`);
  expect((await look(`/octo/demo/issues/${pull.number}`)).headers["location"]).toBe(`/octo/demo/pull/${pull.number}`);
  expect((await look("/octo/demo/commits")).headers["location"]).toBe("/octo/demo/commits/main");
});

test("a run shows its jobs, steps and logs, with a link to the whole log", async () => {
  const { page, look, start } = shared();
  const run = await start();
  const at = "2026-11-20T12:00:00.000Z";
  run.job(
    {
      steps: [
        { name: "Build it", conclusion: "success" },
        { name: "Test it", conclusion: "failure" },
      ],
      conclusion: "failure",
      status: "completed",
    },
    `${at} ##[group]Run make\n${at} made\n${at} ##[endgroup]\n${at} ##[error]2 tests failed\n`,
  );
  run.job({ id: "b", name: "later", status: "completed", conclusion: "skipped" });
  run.observer.onDone("failure", "");
  const shown = await page(`/actions/runs/${run.id}`);
  const words = wordsOf(shown);
  for (const part of [
    "#1 failure",
    "Check · .github/workflows/check.yml",
    "✓ Build it ✕ Test it",
    "Run make 12:00:00 made",
    "2 tests failed",
    "later skipped Skipped.",
  ])
    expect(words).toContain(part);
  expect(words).not.toContain("endgroup");
  expect(strange(shown)).toEqual([]);
  const [, log = ""] = /href="([^"]*\/job\/\d+)"/.exec(shown) ?? [];
  const whole = await look(log);
  expect(whole.text).toContain("##[endgroup]");
  expect(whole.headers).toMatchObject({
    "content-type": "text/plain; charset=utf-8",
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
  });
  expect(wordsOf(await page("/actions"))).toMatch(/#1 failure Check · workflow_dispatch · main/);
});

test("shows commits in the order of landing, with links in their trailers", async () => {
  const { page, git, push, commit } = shared();
  await git("checkout", "-q", "-b", "line", "main");
  const first = await commit({ "line.txt": "a\n" });
  await git("commit", "-q", "--allow-empty", "-m", `Land it\n\nafter ${first}\n\nEnki-Head: ${first}\nEnki-Write: 1-2-3`);
  const last = await git("rev-parse", "HEAD");
  await push("line", "line:refs/heads/odd/näme%23");
  const list = await page("/commits/line");
  expect(wordsOf(list)).toMatch(/Commits on line.*Land it.*after.*Enki-Head: .*change line.txt/);
  expect(list).toContain(`Enki-Head: <a href="/octo/demo/commit/${first}"`);
  expect(wordsOf(list)).not.toContain("1-2-3");
  expect(wordsOf(await page(`/commits/${encodeURIComponent("odd/näme%23")}`))).toContain("Commits on odd/näme%23");
  const shown = await page(`/commit/${first}`);
  expect(wordsOf(shown)).toMatch(/change line.txt by Ada.*parent .*1 file changed line.txt new file mode 100644 \+1 −0.*\+ a/);
  expect(wordsOf(await page(`/commit/${last}`))).toContain("No changes.");
  expect(wordsOf(await page(`/commit/${await git("rev-list", "--max-parents=0", "HEAD")}`))).toContain("2 files changed");
  expect([strange(list), strange(shown)]).toEqual([[], []]);
});

test("the ledger page shows each decision, newest first", async () => {
  const { page, git, push, issue } = shared();
  const number = await issue("Asked");
  for (const text of [`ab12cd: asked for on #${number}`, "ab12cd is done"]) await git("commit", "-q", "--allow-empty", "-m", text);
  await push("HEAD:refs/enki/ledger");
  expect(wordsOf(await page("/ledger"))).toMatch(/Decisions, newest first.*ab12cd is done.*ab12cd: asked for/);
  expect(await page(`/commit/${await git("rev-parse", "HEAD~1")}`)).toContain(`asked for on <a href="/octo/demo/issues/${number}"`);
});

test("a page contains only the style and the script that its policy allows, and loads nothing", async () => {
  const { look } = shared();
  const { text, headers } = await look("/octo/demo");
  const policy = String(headers["content-security-policy"]);
  for (const [kind, of] of [
    ["style", /<style>([^]*?)<\/style>/],
    ["script", /<script>([^]*?)<\/script>/],
  ] as const) {
    const hash = createHash("sha256")
      .update(of.exec(text)?.[1] ?? "")
      .digest("base64");
    expect(policy).toContain(`${kind}-src 'sha256-${hash}';`);
  }
  expect(policy).toContain("default-src 'none'");
  expect(text).not.toMatch(/\s(?:src|style|on\w+)=/);
});

test("the version changes with the content of the pages, and with nothing more", async () => {
  const { root, look, issue, comment, start, page } = shared();
  const state = async (): Promise<unknown> => JSON.parse((await look("/octo/demo/state")).text);
  const seen = [await state()];
  const number = await issue("One");
  seen.push(await state());
  await comment(number, "more");
  seen.push(await state());
  const run = await start();
  seen.push(await state());
  run.job({}, "one line\n");
  seen.push(await state());
  appendFileSync(join(root, "a.log"), "and another\n");
  seen.push(await state());
  expect(new Set(seen.map((each) => JSON.stringify(each))).size).toBe(seen.length);
  expect(await state()).toEqual(seen.at(-1));
  const [, version] = /data-version="([^"]+)"/.exec(await page("")) ?? [];
  expect({ version }).toEqual(seen.at(-1));
});

test("renders a Markdown file of a commit as GitHub does, shows other files as plain text, and answers 404 for a missing file", async () => {
  const { page, look, commit, git, push } = shared();
  await git("checkout", "-q", "-b", "notes", "main");
  await commit({
    "docs/a b.md": "# <b>Found</b> #1\n",
    "docs/a.txt": "# <b>Found</b>\n",
    "docs/huge.bin": "x".repeat(2_000_001),
    "docs/big.md": `# Big\n${"x\n".repeat(300_000)}`,
  });
  await push("notes");
  const id = await git("rev-parse", "notes");
  const shown = await page(`/blob/${id}/docs/a%20b.md`);
  expect(shown).toContain("<h1>&lt;b&gt;Found&lt;/b&gt; #1</h1>");
  expect(await page(`/blob/${id}/docs/a.txt`)).toContain("# &lt;b&gt;Found&lt;/b&gt;");
  expect(await page(`/blob/${id}/docs/big.md`)).toContain("# Big\n");
  expect(strange(shown)).toEqual([]);
  expect(await page(`/blob/${id}/docs/huge.bin`)).toContain("The file has 2000001 bytes, which is too much for a page.");
  for (const path of ["docs", "none.md", "../x"]) expect((await look(`/octo/demo/blob/${id}/${path}`)).status).toBe(404);
  expect((await look(`/octo/demo/blob/${"0".repeat(40)}/docs/a%20b.md`)).status).toBe(404);
});

test("a run shows the summaries of its jobs, as text by others", async () => {
  const { page, root, start } = shared();
  const run = await start();
  run.job({ name: "publish", status: "completed", conclusion: "success" }, "published\n");
  writeFileSync(join(root, "a.log.summary.md"), "### `fix`: Fix the limit\n\nFailed: <script>alert(1)</script> [x](javascript:alert(1))\n");
  run.observer.onDone("success", "");
  const shown = await page(`/actions/runs/${run.id}`);
  rmSync(join(root, "a.log.summary.md"));
  expect(wordsOf(shown)).toContain("Summary of publish fix : Fix the limit Failed: <script>alert(1)</script> x");
  expect(strange(shown)).toEqual([]);
});
