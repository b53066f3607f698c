import { afterAll, beforeAll, expect, test } from "vitest";
import { repository } from "../../support/repository.ts";

let repo: Awaited<ReturnType<typeof repository>>;
beforeAll(async () => {
  repo = await repository();
});
afterAll(() => repo.close());

test("reads a text file of a commit; a missing or binary file, a folder or a non-commit is null", async () => {
  const commit = await repo.commit("main", { "src/a b.ts": "one\ntwo\n", bin: "\0", "long.txt": "x".repeat(1_000_001) });
  const clone = await repo.clone();
  await clone.fetch();
  expect(await clone.textAt(commit, "src/a b.ts")).toBe("one\ntwo\n");
  for (const path of ["src", "bin", "long.txt", "gone.ts", "", "../src/a b.ts", "src/a b.ts\0", "--help"])
    expect(await clone.textAt(commit, path)).toBeNull();
  for (const id of ["0".repeat(40), "main", "--all"]) expect(await clone.textAt(id, "src/a b.ts")).toBeNull();
});
