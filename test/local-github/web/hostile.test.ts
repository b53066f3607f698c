import { expect, test } from "vitest";
import { REPO } from "../api/stage.ts";
import { strange, wordsOf } from "./inspect.ts";
import { ask, sharePages } from "./stage.ts";

const shared = sharePages();

const EVIL = `"><script>alert('1')</script><img src=x onerror=alert(1)>`;

test("escapes the texts of strangers on every page", async () => {
  const { api, look, issue, comment, commit, git, push, start, runner } = shared();
  const number = await issue(`Title ${EVIL}`, `Body ${EVIL}\n\n[x](javascript:alert(1))`);
  await comment(number, `Comment ${EVIL}`);
  await api.issues.update({ ...REPO, issue_number: number, labels: [`label ${EVIL}`] });
  const branch = `evil/"><script>alert(1)</script>'&`;
  await git("checkout", "-q", "-b", branch);
  const head = await commit({ "<img onerror=alert(1)> \u202e.txt": `${EVIL}\n\u001b[31mred\n` });
  await git(
    "commit",
    "-q",
    "--allow-empty",
    "-m",
    `Commit ${EVIL}\n\nmore ${EVIL}\n\nEvil: ${EVIL}`,
    "--author",
    `${EVIL.replaceAll(/[<>]/g, "")} <a@b.invalid>`,
  );
  await push(branch, "HEAD:refs/enki/ledger");
  const { data: pull } = await api.pulls.create({ ...REPO, head: branch, base: "main", title: EVIL, body: `for #${number}` });
  await api.repos.createCommitStatus({
    ...REPO,
    sha: pull.head.sha,
    state: "success",
    context: EVIL,
    description: EVIL,
    target_url: "javascript:alert(1)",
  });
  await api.pulls.createReview({ ...REPO, pull_number: pull.number, event: "COMMENT", body: EVIL });
  const run = await start();
  runner.started.at(-1)?.observer.onTitle(`Run ${EVIL}`);
  run.job(
    { name: EVIL, steps: [{ name: EVIL, conclusion: null }] },
    `${EVIL}\n\u001b[31mred\u001b[0m \u001b]8;;javascript:alert(1)\u0007link\u001b]8;;\u0007\n::error title=${EVIL}::${EVIL}\n`,
  );
  const at = "/octo/demo";
  const paths = [
    "",
    "/issues",
    `/issues/${number}`,
    "/pulls",
    `/pull/${pull.number}`,
    "/actions",
    `/actions/runs/${run.id}`,
    `/commit/${head}`,
    `/commit/${pull.head.sha}`,
    "/ledger",
    `/commits/${encodeURIComponent(branch)}`,
  ];
  for (const path of paths) {
    const { status, text } = await look(`${at}${path}`);
    expect([path, status, strange(text)]).toEqual([path, 200, []]);
    expect(wordsOf(text)).toContain("alert(1)");
    expect(text).not.toMatch(/[\u202a-\u202e]/);
    expect(text).not.toContain("\u001b");
  }
  expect(wordsOf((await look(`${at}/actions/runs/${run.id}`)).text)).toMatch(/red link "><script>/);
});

test("refuses pages, REST and git under a foreign host name that resolves to loopback", async () => {
  const { forge } = shared();
  const port = new URL(forge.url).port;
  for (const path of [
    "/",
    "/state",
    "/octo/demo",
    "/octo/demo/state",
    "/octo/demo/issues",
    "/nobody/nothing",
    "/api/v3/repos/octo/demo",
    "/octo/demo.git/info/refs?service=git-upload-pack",
  ])
    for (const host of [
      `evil.example:${port}`,
      "evil.example",
      "127.0.0.1.evil.example",
      "localhost.evil.example",
      `evil.example@127.0.0.1:${port}`,
      "10.0.0.1",
    ]) {
      const { status, text } = await ask(`${forge.url}${path}`, { host });
      // The HTTP server below refuses an invalid host name.
      expect([path, host, [400, 421].includes(status)]).toEqual([path, host, true]);
      if (/^[\w.:]+$/.test(host)) expect(status).toBe(421);
      expect(text).not.toContain("demo");
    }
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, "[::1]:80"])
    expect((await ask(`${forge.url}/octo/demo`, { host })).status).toBe(200);
});

test("pages refuse other methods than reading, except for the forms of signed-in persons", async () => {
  const { forge, issue } = shared();
  const number = await issue("One");
  const before = (await ask(`${forge.url}/octo/demo/state`)).text;
  for (const method of ["POST", "PUT", "PATCH", "DELETE"])
    for (const path of [
      "/",
      "/octo/demo",
      `/octo/demo/issues/${number}`,
      "/octo/demo/state",
      "/octo/demo/pulls",
      "/octo/demo/ledger",
      "/octo/demo/executions",
    ])
      expect((await ask(`${forge.url}${path}`, { method })).status).toBe(404);
  for (const path of ["", "/issues", `/issues/${number}`, "/pulls", "/actions", "/commits/main", "/ledger", "/state", "/executions"])
    expect((await ask(`${forge.url}/octo/demo${path}`)).status).toBe(200);
  expect((await ask(`${forge.url}/octo/demo/state`)).text).toBe(before);
});

test("hides a private repository as if it did not exist", async () => {
  const { forge, look, octokit, owner, git } = shared();
  const seen = [(await look("/")).text, (await look("/state")).text];
  await forge.createRepository({ owner: "octo", name: "secret", private: true });
  await octokit(owner).issues.create({ owner: "octo", repo: "secret", title: "A plan" });
  expect([(await look("/")).text, (await look("/state")).text]).toEqual(seen);
  const head = await git("rev-parse", "HEAD");
  for (const path of [
    "",
    "/issues",
    "/issues/1",
    "/pulls",
    "/actions",
    "/commits",
    "/commits/main",
    `/commit/${head}`,
    "/ledger",
    "/state",
    "/actions/runs/1/job/1",
  ]) {
    const [there, not] = [await look(`/octo/secret${path}`), await look(`/octo/nothing${path}`)];
    expect([path, there.status, there.text]).toEqual([path, 404, not.text]);
  }
});

test("reads branches, commits, numbers and pages literally, never as expressions", async () => {
  const { forge, look } = shared();
  const names = ["main~1", "main^{commit}", "HEAD", "refs/heads/main", "../main", "ma*n", "--all", "main%00", "%E0%A4%A", "%2e%2e%2fmain"];
  for (const name of names) {
    for (const path of ["commits", "commit", "issues", "pull", "actions/runs"])
      expect([path, name, (await look(`/octo/demo/${path}/${name}`)).status]).toEqual([path, name, 404]);
    expect((await look(`/octo/demo/commits/main?page=${name}`)).status).toBe(200);
  }
  expect((await look(`/octo/demo/commit/${"0".repeat(40)}`)).status).toBe(404);
  expect((await look("/octo/demo/actions/runs/1/job/..%2f..%2fetc%2fpasswd")).status).toBe(404);
  await forge.waitUntilIdle();
});
