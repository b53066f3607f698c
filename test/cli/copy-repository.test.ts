import { expect, test } from "vitest";
import { deriveCopyName } from "../../src/cli/copy-repository.ts";
import type { FoundRepository } from "../../src/cli/find-repository.ts";

test.each([
  ["/home/ada/ürl", "url"],
  ["/home/ada/Café Projekt.git", "Cafe-Projekt"],
  ["/home/ada/買い物", "repository"],
  ["/home/ada/list", "list"],
])("the copy of %s is called %s", (directory, name) => {
  expect(deriveCopyName({ directory, branch: "main", shallow: false } as FoundRepository)).toBe(name);
});
