import { afterAll } from "vitest";
import { repository } from "../../support/repository.ts";

/** A test file with one assertion. */
export const TEST_FILE = 'test("a", () => {\n  expect(a()).toBe(1);\n});\n';

/** Opens a repository with a clone, where tests judge heads on a base with two test files. */
export const openJudgedRepository = async (files: Readonly<Record<string, string>>) => {
  const repo = await repository();
  afterAll(() => repo.close());
  const clone = await repo.clone();
  const base = await repo.commit("main", { "a.test.js": TEST_FILE, "b.test.js": TEST_FILE, ...files });
  return { repo, clone, base };
};
