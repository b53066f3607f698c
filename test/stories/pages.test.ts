import { expect, onTestFinished, test } from "vitest";
import { startReplaceableServer } from "../../src/coordinator/http-server.ts";
import { wordsOf } from "../local-github/web/inspect.ts";
import { plan, step } from "../support/build.ts";
import { openViewerBrowser, type ViewerBrowser } from "../support/viewer-browser.ts";
import { openStage } from "./stage.ts";

test("given a private repository that the App coordinates, then its readers see an execution on the App's pages, and nobody else does", async () => {
  const stage = await openStage({
    private: true,
    script: (spec) => {
      if (spec.kind === "plan") return { plan: plan(step("fix", { title: "Fix the upload" })) };
      if (spec.kind === "verify") return { verdict: "green" };
      return { files: { "fix.txt": "done\n" } };
    },
  });
  // Given the App, started again with pages.
  await stage.app.close();
  const server = await startReplaceableServer((_, response) => void response.end(), { host: "127.0.0.1", port: 0 });
  onTestFinished(server.close);
  stage.forge.addCallbackUrl(stage.account, `${server.url}/login/callback`);
  const listen = (handler: Parameters<typeof server.replace>[0]): Promise<typeof server> => {
    server.replace(handler);
    return Promise.resolve(server);
  };
  const app = await stage.startApp({ client: stage.client, publicUrl: server.url, listen });
  expect(app.pages).toEqual({ url: server.url, hint: null });
  const person = async (login: string, role: "read" | "none"): Promise<ViewerBrowser> => {
    stage.person(login, role);
    const browser = openViewerBrowser(server.url);
    await browser.visit(stage.forge.signIn(stage.forge.createUser(login), "/"));
    return browser;
  };

  // When a maintainer asks, and the step lands.
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /Done: everything landed/);

  // Then a reader logs in, and sees the execution, its step and its commit.
  const reader = await person("reader", "read");
  expect((await reader.visit("/octo/demo/executions")).to).toBe("/login?to=%2Focto%2Fdemo%2Fexecutions");
  const back = await reader.logIn("/octo/demo/executions");
  const list = (await reader.visit(back.to)).text;
  const [, path = ""] = /href="(\/octo\/demo\/executions\/[0-9a-f]{6})"/.exec(list) ?? [];
  await stage.until("the execution to be done", async () => (await reader.visit(path)).text.includes('class="badge is-done"'));
  const execution = (await reader.visit(path)).text;
  expect(wordsOf(execution)).toMatch(/the limit [0-9a-f]{6} done asked in #1 by maintainer .*1 of 1 step done/);
  const [, commit = ""] = /landed as\s*<a class="mono" href="(\/octo\/demo\/commit\/[0-9a-f]{40})"/.exec(execution) ?? [];
  expect(wordsOf((await reader.visit(commit)).text)).toContain("fix.txt");
  expect(execution).not.toMatch(/<form(?! method="post" action="\/logout")/);

  // A stranger without access sees the same pages as for a missing repository.
  const stranger = await person("stranger", "none");
  await stranger.logIn();
  const missing = (await stranger.visit("/octo/nothing/executions")).text;
  for (const hidden of [path, commit, "/octo/demo"]) expect(await stranger.visit(hidden)).toMatchObject({ status: 404, text: missing });
  expect((await stranger.visit("/")).text).toContain("Enki works in no repository that you may read.");
});
