import { expect, test } from "vitest";
import { REPO } from "../api/stage.ts";
import { ask, sharePages } from "./stage.ts";

const shared = sharePages();

/** Opens a browser of the signed-in owner: its cookie, and the token in the forms. */
const signIn = async () => {
  const { forge, owner, issue } = shared();
  const number = await issue("Uploads fail");
  const address = forge.signIn(owner, `/octo/demo/issues/${number}`);
  const answer = await fetch(address, { redirect: "manual" });
  const set = answer.headers.get("set-cookie") ?? "";
  const cookie = set.split(";")[0] ?? "";
  const page = await (await fetch(`${forge.url}/octo/demo/issues/${number}`, { headers: { cookie } })).text();
  const [, token = ""] = /name="token" value="([0-9a-f]+)"/.exec(page) ?? [];
  const post = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${forge.url}/octo/demo/act/${path}`, {
      method: "POST",
      redirect: "manual",
      headers: { cookie, origin: forge.url, ...headers },
      body: new URLSearchParams({ token, back: `/octo/demo/issues/${number}`, ...fields }),
    });
  return { forge, number, set, page, cookie, answer, post };
};

const commentsOf = async (number: number): Promise<unknown[]> =>
  (await shared().api.issues.listComments({ ...REPO, issue_number: number })).data.map(({ body, user }) => [user?.login, body]);

test("the printed address signs in with a cookie that scripts and other sites cannot use", async () => {
  const { set, answer, number } = await signIn();
  expect(set).toMatch(/^enki_session_\d+=[0-9a-f-]{36}; Path=\/; HttpOnly; SameSite=Strict$/);
  expect([answer.status, answer.headers.get("location")]).toEqual([303, `/octo/demo/issues/${number}`]);
  expect((await ask(`${shared().forge.url}/session/00000000-0000-4000-a000-000000000000`)).status).toBe(403);
});

test("a signed-in person comments as through the API, and returns to the page", async () => {
  const { post, number } = await signIn();
  const answer = await post(`comment/${number}`, { body: "/enki fix\r\nplease" });
  expect([answer.status, answer.headers.get("location")]).toEqual([303, `/octo/demo/issues/${number}`]);
  expect(await commentsOf(number)).toEqual([["octo", "/enki fix\nplease"]]);
});

test("strangers see no form and cannot act: a job on the machine has no session", async () => {
  const { post, number, forge } = await signIn();
  expect((await shared().page(`/issues/${number}`)).includes("<form")).toBe(false);
  expect((await post(`comment/${number}`, { body: "/enki approve 1234567" }, { cookie: "" })).status).toBe(403);
  const bare = await fetch(`${forge.url}/octo/demo/act/comment/${number}`, { method: "POST", body: new URLSearchParams({ body: "x" }) });
  expect(bare.status).toBe(403);
  expect(await commentsOf(number)).toEqual([]);
});

test.each<[string, Record<string, string>, Record<string, string>]>([
  ["another site", {}, { origin: "https://evil.example" }],
  ["another port of this machine", {}, { origin: "http://127.0.0.1:1" }],
  ["no page at all", {}, { origin: "null" }],
  ["a page without the token", { token: "" }, {}],
  ["a page with another token", { token: "0".repeat(64) }, {}],
])("a form from %s is refused", async (_from, fields, headers) => {
  const { post, number } = await signIn();
  expect((await post(`comment/${number}`, { body: "hello", ...fields }, headers)).status).toBe(403);
  expect(await commentsOf(number)).toEqual([]);
});

test("a form never leads to another server, and GitHub's refusal is shown", async () => {
  const { post, number } = await signIn();
  for (const back of ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
    expect((await post(`comment/${number}`, { body: "hello", back })).headers.get("location")).toBe("/");
  const refused = await post("comment/999", { body: "hello" });
  expect([refused.status, await refused.text()]).toEqual([422, "Not Found\n"]);
});

test("a person opens an issue and asks Enki in one step", async () => {
  const { post } = await signIn();
  const answer = await post("issue", { title: "The docs are old", body: "", ask: "fix" });
  const [, number = ""] = /\/octo\/demo\/issues\/(\d+)$/.exec(answer.headers.get("location") ?? "") ?? [];
  expect(await commentsOf(Number(number))).toEqual([["octo", "/enki fix"]]);
});

test("a review with a comment on a line is submitted for the shown head only", async () => {
  const { git, push, api, commit } = shared();
  await git("checkout", "-q", "-B", "topic", "main");
  await commit({ "a.txt": "one\ntwo\n" });
  await push("topic");
  const pull = (await api.pulls.create({ ...REPO, title: "Topic", head: "topic", base: "main" })).data;
  const { post, forge, cookie } = await signIn();
  const page = await (await fetch(`${forge.url}/octo/demo/pull/${pull.number}`, { headers: { cookie } })).text();
  expect(page).toContain(`name="head" value="${pull.head.sha}"`);
  expect(page).toContain("<option>a.txt</option>");
  const review = { event: "COMMENT", head: pull.head.sha, body: "Look again.", path: "a.txt", line: "2", remark: "Why two?" };
  expect((await post(`review/${pull.number}`, review)).status).toBe(303);
  const { data } = await api.pulls.listReviewComments({ ...REPO, pull_number: pull.number });
  expect(data.map(({ path, line, body }) => [path, line, body])).toEqual([["a.txt", 2, "Why two?"]]);
});
