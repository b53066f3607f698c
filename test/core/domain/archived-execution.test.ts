import { expect, test } from "vitest";
import { type ArchivedExecution, type ArchiveSubject, selectRelated } from "../../../src/core/domain/archived-execution.ts";
import type { Execution } from "../../../src/core/domain/execution.ts";
import { plan, step } from "../../support/build.ts";

type Archived = { readonly issue?: number; readonly pull?: number; readonly undoes?: string; readonly needs?: string };

const archived = (id: string, { issue = 1, pull, undoes, needs }: Archived): ArchivedExecution => {
  const made = { a: { id: "a", pull: pull ?? null } };
  const execution = { id, issue, steps: made, ...(undoes !== undefined && { undoes: { a: { task: undoes } } }) };
  // The result contains only the fields that the selection reads.
  return {
    execution: execution as unknown as Execution,
    plan: plan(step("a", needs === undefined ? {} : { needs: [{ task: needs as `${string}-${string}`, condition: "merged" }] })),
  };
};

const ALL = [
  archived("aaaaaa", { issue: 1, pull: 11 }),
  archived("bbbbbb", { issue: 2, pull: 12 }),
  archived("cccccc", { issue: 9, undoes: "aaaaaa-a" }),
  archived("dddddd", { issue: 9, undoes: "cccccc-a" }),
  archived("eeeeee", { issue: 3, needs: "bbbbbb-a" }),
  archived("ffffff", { issue: 4, undoes: "abcdef-a" }),
];
const select = (subject: Partial<ArchiveSubject>): string[] =>
  selectRelated(ALL, { issue: 0, names: [], ...subject }).map(({ execution }) => execution.id);

test.each([
  ["an issue, with the undos of its executions and their undos", { issue: 1 }, ["aaaaaa", "cccccc", "dddddd"]],
  ["the issue of an undo, with what it undid", { issue: 9 }, ["aaaaaa", "cccccc", "dddddd"]],
  ["a pull request, with what needs its task", { issue: 12 }, ["bbbbbb", "eeeeee"]],
  ["an execution that only needs another one", { issue: 3 }, ["eeeeee"]],
  ["a task", { names: ["bbbbbb-a"] }, ["bbbbbb", "eeeeee"]],
  ["the beginning of an id", { names: ["eeee"] }, ["eeeeee"]],
  ["an execution of the ledger that an archived one undoes", { names: ["abcdef"] }, ["ffffff"]],
  ["the name of a step, which is too short for an id", { names: ["a"] }, []],
  ["nothing", {}, []],
] as const)("selects what concerns %s", (_, subject, expected) => {
  expect(select(subject)).toEqual(expected);
});
