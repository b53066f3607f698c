import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { findRepositoryUrl, openMailPoller } from "../../src/job/mail-poller.ts";
import { LEDGER_REF } from "../../src/core/domain/refs.ts";
import type { TimerStarter } from "../../src/storage/git/run-git.ts";
import { after } from "../support/after.ts";
import { mail } from "../support/tools.ts";
import { openStage, type Stage } from "../local-github/api/stage.ts";

const stages: Stage[] = [];
afterEach(async () => {
  for (const stage of stages.splice(0)) await stage.close();
});

/** Opens a forge whose ledger has mail, and a job that polls; `pass` ends the pause. */
const open = async (name: string, isPrivate: boolean) => {
  const stage = await openStage();
  stages.push(stage);
  await stage.forge.createRepository({ owner: "octo", name, private: isPrivate, from: stage.work });
  const send = async (id: string): Promise<void> => {
    mkdirSync(join(stage.work, "mail"), { recursive: true });
    writeFileSync(join(stage.work, "mail", `${id}.json`), JSON.stringify(mail(id)));
    await stage.git("add", "-A");
    await stage.git("commit", "-qm", `mail ${id}`);
    const remote = stage.remote(stage.owner).replace("/demo.git", `/${name}.git`);
    await stage.git("push", "-q", remote, `HEAD:${LEDGER_REF}`);
  };
  const waiting: (() => void)[] = [];
  const held: TimerStarter = (delay, call) => {
    if (delay < 20_000) return after(delay, call);
    waiting.push(call);
    return () => void waiting.splice(waiting.indexOf(call), 1);
  };
  const url = findRepositoryUrl({ GITHUB_SERVER_URL: stage.forge.url, GITHUB_REPOSITORY: `octo/${name}` });
  const directory = join(stage.root, "news.git");
  const news = openMailPoller({ url, directory, after: held });
  return { send, news, directory, pass: (): void => waiting.splice(0).forEach((call) => call()), waiting };
};

test("where everybody may read the repository a running job sees new mail, without a credential, and not more often than the pause", async () => {
  const { send, news, pass, directory, waiting } = await open("open", false);
  await send("m1");
  expect(await news.poll()).toBeNull();
  pass();
  expect(await news.poll()).toEqual([mail("m1")]);
  await send("m2");
  expect(await news.poll()).toBeNull();
  pass();
  expect(await news.poll()).toEqual([mail("m1"), mail("m2")]);
  pass();
  expect(await news.poll()).toBeNull();
  expect(execFileSync("git", ["config", "--list", "--local"], { cwd: directory, encoding: "utf8" })).not.toContain("http");
  news.close();
  expect(waiting).toEqual([]);
});

test("where nobody may read it without a credential a job looks once, and never again", async () => {
  const { send, news, pass, waiting } = await open("closed", true);
  await send("m1");
  pass();
  expect(await news.poll()).toBeNull();
  pass();
  expect(await news.poll()).toBeNull();
  expect(waiting).toEqual([]);
});

test("outside of an Actions job there is nothing to look at", async () => {
  expect(findRepositoryUrl({})).toBeNull();
  expect(findRepositoryUrl({ GITHUB_SERVER_URL: "file:///", GITHUB_REPOSITORY: "a/b" })).toBeNull();
  const news = openMailPoller({ url: null, directory: "/nonexistent", after });
  expect(await news.poll()).toBeNull();
  news.close();
});
