import { expect, onTestFinished, test } from "vitest";
import { runGit } from "../../../src/storage/git/run-git.ts";
import { readCommitMessage } from "../../../src/local-github/web/commit-log.ts";
import { after } from "../../support/after.ts";
import { repository } from "../../support/repository.ts";

test.each([
  ["One line", { title: "One line", body: "", trailers: [] }],
  ["Title\n\nText\n\nmore: of it\nand more", { title: "Title", body: "Text\n\nmore: of it\nand more", trailers: [] }],
  [
    "Title\n\nText\n\nA: 1\nB-c: 2: 3\n",
    {
      title: "Title",
      body: "Text",
      trailers: [
        { name: "A", value: "1" },
        { name: "B-c", value: "2: 3" },
      ],
    },
  ],
  ["", { title: "", body: "", trailers: [] }],
])("splits a message into title, text and trailers: %j", (message, read) => {
  expect(readCommitMessage(message)).toEqual(read);
});

test("stops reading the output of git soon after the limit", async () => {
  const { url, commit, close } = await repository();
  onTestFinished(close);
  await commit("main", { "large.txt": "x".repeat(4_000_000) });
  const show = async (most?: number): Promise<number> =>
    (await runGit({ directory: url, after, ...(most !== undefined && { maxOutputBytes: most }) }, ["show", "main:large.txt"])).stdout
      .length;
  expect(await show()).toBe(4_000_000);
  const read = await show(10_000);
  expect(read).toBeGreaterThan(10_000);
  expect(read).toBeLessThan(1_000_000);
});
