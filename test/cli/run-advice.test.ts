import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { filesOf, ledgerOf } from "../local-github/web/ledgers.ts";
import { step, stepIn } from "../support/build.ts";
import { makeRepository, openTerminal } from "./stage.ts";
import { writeLedger } from "./write-ledger.ts";

/** A local GitHub with one execution on issue 1, beside a kept ledger and transcripts of `enki run`. */
const openBoth = async () => {
  const terminal = openTerminal();
  const cwd = join(terminal.root, "own");
  const git = makeRepository(cwd, { "list.txt": "b\na\n" });
  writeLedger(git, cwd, { files: filesOf(ledgerOf([step("sort")], [stepIn("sort", "done")], { state: "done" })) });
  git("update-ref", "refs/enki/runs/abc123", "refs/enki/ledger");
  git("update-ref", "-d", "refs/enki/ledger");
  const kept = join(cwd, ".enki", "runs", "abc123");
  mkdirSync(kept, { recursive: true });
  for (const name of ["plan", "sort"]) writeFileSync(join(kept, `${name}-1.md`), `# The transcript of ${name}\n`);
  const local = terminal.serve(["local", "--agent", process.execPath, "--verify", "true"], { cwd });
  await local.prints(/Ctrl\+C ends it/);
  return (...args: string[]) => terminal.call(args, { cwd });
};

describe("beside a GitHub, an execution of enki run answers only to its own names", () => {
  let enki: Awaited<ReturnType<typeof openBoth>>;
  beforeAll(async () => {
    enki = await openBoth();
  }, 60_000);

  test("by its name", async () => {
    expect((await enki("retry", "sort")).err).toMatch(/^enki retry: abc123 is an execution of enki run/);
    expect((await enki("logs", "sort")).out).toBe("# The transcript of sort\n");
    expect((await enki("logs")).out).toBe("# The transcript of plan\n");
  });

  test.each([
    ["retry", "--issue=99", "sort"],
    ["retry", "--issue", "99", "sort"],
    ["watch", "--issue=99", "abc123"],
    ["logs", "--issue=99", "sort"],
    ["logs", "--issue", "99"],
  ])("an issue names no run: %s %s %s", async (...args) => {
    expect(await enki(...args)).toMatchObject({
      code: 1,
      out: "",
      err: `enki ${args[0]}: there is no execution on issue 99; start one with enki fix "<request>"\n`,
    });
  });

  test("the text of an option names no run", async () => {
    expect((await enki("review", "--message", "sort", "nope")).err).not.toContain("abc123");
  });
});
