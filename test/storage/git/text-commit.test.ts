import { expect, test } from "vitest";
import { composeTextCommit } from "../../../src/core/domain/text-commit.ts";
import { runGitOrThrow } from "../../../src/storage/git/run-git.ts";
import { repository } from "../../support/repository.ts";

test("git stores a commit of texts under the id that was derived from them", async () => {
  const repo = await repository();
  try {
    const files = { "plan-b.md": "# b\n", "plan-a.md": "é\u{1f600}\r\n", "plan-a-2.md": "" };
    const commit = composeTextCommit(files, "Plan a of abc123", 1_700_000_000_123);
    const clone = await repo.clone();
    await clone.writeTextCommit(commit);
    const at = { directory: clone.directory, after: clone.running.after };
    expect(await runGitOrThrow(at, ["fsck", "--strict", commit.id])).toBe("");
    expect(await runGitOrThrow(at, ["show", `${commit.id}:plan-a.md`])).toBe(files["plan-a.md"]);
    expect((await runGitOrThrow(at, ["ls-tree", "--name-only", commit.id])).split("\n").sort()).toEqual(["", ...Object.keys(files).sort()]);
    expect(await runGitOrThrow(at, ["log", "-1", "--format=%an %ct %s", commit.id])).toBe("Enki 1700000000 Plan a of abc123\n");
    await expect(clone.writeTextCommit({ ...commit, files: { "plan-a.md": "other" } })).rejects.toThrow("was stored as");
  } finally {
    repo.close();
  }
});
