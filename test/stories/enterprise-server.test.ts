import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { fitEnterpriseServer } from "../../src/core/setup/server-artifacts.ts";
import { playOf, SORT } from "../cli/run-stage.ts";
import { openActionsStage } from "./actions-stage.ts";

/** Opens a repository on a GitHub Enterprise Server, with an unsorted list whose test fails, and an agent that sorts the list. */
const openServerStage = (edit: (name: string, text: string) => string) => {
  const directory = mkdtempSync(join(tmpdir(), "enki-server-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const rehearsal = join(directory, "play.toml");
  writeFileSync(rehearsal, playOf([SORT]));
  const config = "[refinery]\nverify = ['test \"$(head -n 1 list.txt)\" = a']\n";
  return openActionsStage({
    enterpriseServer: true,
    edit,
    rehearsal,
    files: { "list.txt": "b\na\n", ".enki/enki.toml": config },
    patience: 150_000,
  });
};

test("given a GitHub Enterprise Server and no App, when a maintainer asks and approves, then the work lands without another command", async () => {
  const stage = await openServerStage((_, text) => fitEnterpriseServer(text));
  await stage.maintainer.openIssue("The list is not sorted", "/enki fix sort the list");
  const line = await stage.until("a plan", async () => {
    const texts = await stage.maintainer.comments(1).catch(() => []);
    return /^\/enki approve \S+$/m.exec(texts.map(({ body }) => body).join("\n"))?.[0];
  });
  await stage.maintainer.comment(1, line);
  await stage.until("the landing", async () => (await stage.landed()).includes("sort"));
  expect(await stage.git("show", "main:list.txt")).toBe("a\nb");
  const runs = await stage.runs();
  expect(runs.filter(({ conclusion }) => conclusion === "failure" || conclusion === "startup_failure")).toEqual([]);
  // The server refuses the first request for the number of a started run. In each process, Enki then repeats the request without the number.
  const refused = stage.requests.filter(({ path, status }) => path.startsWith("/api/") && status >= 400 && status !== 404);
  expect(new Set(refused.map(({ method, path, status }) => `${method} ${path.split("/").at(-1)} ${status}`))).toEqual(
    new Set(["POST dispatches 422"]),
  );
});
