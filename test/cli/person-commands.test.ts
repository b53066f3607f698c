import { readdirSync, readFileSync, statSync, mkdirSync, writeFileSync, chmodSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { COMMANDS } from "../../src/core/commands/command-table.ts";
import { CLI } from "../support/cli.ts";
import { playOf } from "./run-stage.ts";
import { makeRepository, openTerminal } from "./stage.ts";

const PLAY = playOf([
  { id: "sort", run: "sort -o list.txt list.txt", more: ", checkpoint = true" },
  { id: "count", run: "wc -l < list.txt > count.txt", more: ', needs = ["sort"]' },
]);

const openLocal = async () => {
  const terminal = openTerminal();
  const cwd = join(terminal.root, "own");
  const git = makeRepository(cwd, { "list.txt": "b\na\n" });
  const play = join(terminal.root, "play.toml");
  writeFileSync(play, PLAY);
  const agent = `'${process.execPath}' '${CLI}' rehearse '${play}'`;
  const local = terminal.serve(["local", "--agent", agent, "--verify", 'test "$(head -n 1 list.txt)" = a'], { cwd });
  const [out] = await local.prints(/[^]*Ctrl\+C ends it.*\n/);
  const records = join(terminal.root, "home", ".local", "state", "enki", "machines");
  const enki = (...args: string[]) => terminal.call(args, { cwd });
  return { terminal, cwd, git, out, local, records, enki };
};

describe("the commands of comments in the terminal", () => {
  let of: Awaited<ReturnType<typeof openLocal>>;
  beforeAll(async () => {
    of = await openLocal();
  }, 60_000);

  test("before the first request, status says how to start", async () => {
    const { code, err } = await of.enki("status");
    expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(/no ledger yet; start with enki fix "<request>"/) as unknown });
  });

  test("a request is a comment like any other, and lands through the terminal only", async () => {
    expect(await of.enki("fix", "sort", "the list")).toEqual({
      code: 0,
      err: "",
      out: "local/own#1: /enki fix sort the list\nAccepted; enki status shows the effect.\n",
    });
    const planned = await of.enki("watch", "--asks");
    expect(planned.code).toBe(3);
    expect(planned.out).toMatch(/Waits for you:\n {2}The plan waits for an approval\.\n {4}enki approve [0-9a-f]{6}\n/);
    const unsure = await of.enki("approve");
    expect(unsure).toMatchObject({
      code: 3,
      out: expect.stringMatching(/\$ sort -o list\.txt list\.txt[^]*Nothing was approved\./) as unknown,
    });
    expect((await of.enki("approve", "--yes")).out).toMatch(
      /local\/own#1: \/enki approve [0-9a-f]{12}\nAccepted; enki status shows the effect\.\n$/,
    );
    expect((await of.enki("watch", "--asks")).out).toMatch(/sort: A person with write permission .*\n {4}enki approve [0-9a-f]{6}-sort\n/);
    const [status] = JSON.parse((await of.enki("status", "--json")).out) as { steps: object[]; waiting: object[] }[];
    expect(status).toMatchObject({
      state: "running",
      issue: 1,
      steps: [
        { id: "sort", state: "waiting", pull: 2 },
        { id: "count", state: "pending" },
      ],
    });
    expect(status?.waiting).toMatchObject([{ kind: "review", step: "sort", pull: 2 }]);
    expect((await of.enki("status", "--queue")).out).toMatch(
      /^The queue of main: 1 waits\n {2}1\. [0-9a-f]{6}-sort Do sort: held; A person with write permission /,
    );
    expect((await of.enki("explain", "sort")).out).toMatch(
      /^sort \(Do sort\) is waiting: A person with write permission .* \(checkpoint\)\n {2}Gate: an approving review of #2 at [0-9a-f]{12}, .*\n {2}Head \S+ passed in candidate \S+ http\S+\/local\/own\/actions\/runs\/\d+\n[^]*\nWhat you can do:\n {2}To approve: enki approve [0-9a-f]{6}-sort\n/,
    );
    const explained = await of.enki("explain", "--json");
    expect(JSON.parse(explained.out)).toMatchObject({
      step: null,
      why: { code: "awaits-person" },
      steps: [{ step: "sort" }, { step: "count" }],
    });
    // The same ledger as in status: the local GitHub's, not the repository's.
    const graph = await of.enki("graph");
    expect(graph).toMatchObject({ code: 0, out: expect.stringMatching(/^\? {2}sort {3}waits for your review[^]*o {2}count/) as unknown });
    const [{ execution = "" } = {}] = JSON.parse((await of.enki("status", "--json")).out) as { execution?: string }[];
    expect(await of.enki("graph", execution)).toEqual(graph);
    expect(await of.enki("logs", "sort", "--attempt", "7")).toMatchObject({
      code: 1,
      err: "enki logs: sort has no attempt 7; its last attempt is 1\n",
    });
    expect(await of.enki("explain", "nope")).toMatchObject({ code: 1, err: expect.stringMatching(/nope was not found/) as unknown });
    expect((await of.enki("logs", "sort")).out).toMatch(/== agent \(success\)\n[^]*== publish \(success\)\n/);
    expect(await of.enki("review", "sort", "--comment", "list.txt:99:why?")).toMatchObject({
      code: 1,
      err: "enki review: list.txt:99 is not a line of the change in local/own#2, so nothing was posted\n",
    });
    expect((await of.enki("approve", "sort")).out).toMatch(/^sort: .*\n\nApproved local\/own#2 at [0-9a-f]{12}\.\n$/);
    const watched = await of.enki("watch", "--json");
    const events = watched.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { kind: string; step?: string; state: string });
    expect(watched.code).toBe(0);
    expect(events.at(-1)).toMatchObject({ kind: "step", step: "count", state: "done" });
    expect((await of.enki("status")).out).toMatch(/^[0-9a-f]{6} {2}done, 2 of 2 steps done, .*\n.*\* {2}sort +landed/);
  });

  test("a review of a step that has landed is refused, since it changes nothing", async () => {
    expect(await of.enki("review", "sort", "--approve")).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringMatching(/sort is done, so a/) as unknown,
    });
  });

  test("a wrong command is refused before it is posted, and a refused one exits with 1 and Enki's answer", async () => {
    expect(await of.enki("skip")).toMatchObject({ code: 2, err: expect.stringMatching(/needs the name of a step/) as unknown });
    expect(await of.enki("retry", "nope")).toMatchObject({ code: 1, err: expect.stringMatching(/nope was not found/) as unknown });
    const refused = await of.enki("retry", "sort", "--json");
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.out)).toMatchObject({
      issue: 1,
      accepted: false,
      command: expect.stringMatching(/^\/enki retry [0-9a-f]{6}-sort$/) as unknown,
    });
  });

  test("an undo on a named issue is left to Enki, which also knows what the archive holds", async () => {
    const undone = await of.enki("undo", "nope", "--issue", "1", "--json");
    expect(undone.code).toBe(1);
    expect(JSON.parse(undone.out)).toMatchObject({ issue: 1, accepted: false, command: "/enki undo nope" });
    expect(await of.enki("undo", "nope")).toMatchObject({ code: 1, err: expect.stringMatching(/nope was not found/) as unknown });
  });

  test("a budget names its execution if several are open", async () => {
    for (const request of ["sort more", "sort less"]) expect(await of.enki("plan", request)).toMatchObject({ code: 0 });
    const [one, other] = JSON.parse((await of.enki("status", "--json")).out) as { execution: string; issue: number }[];
    expect(await of.enki("budget", "+5")).toMatchObject({
      code: 2,
      err: expect.stringMatching(/several executions are not finished/) as unknown,
    });
    expect(await of.enki("budget", one?.execution ?? "", "+5")).toMatchObject({
      code: 0,
      out: expect.stringMatching(new RegExp(`^local/own#${one?.issue}: /enki budget ${one?.execution} \\+5\n`)) as unknown,
    });
    for (const open of [one, other]) expect(await of.enki("cancel", open?.execution ?? "")).toMatchObject({ code: 0 });
    // Status shows the newest execution again.
    expect((await of.enki("status", one?.execution ?? "")).out).toContain("cancelled");
  });

  test("in a clone of a real repository the token of the environment is used, for its own server only", async () => {
    const [, url = ""] = /(http:\/\/127\.0\.0\.1:\d+)\/local\/own/.exec(of.out) ?? [];
    const [record = ""] = readdirSync(of.records);
    const { token } = JSON.parse(readFileSync(join(of.records, record), "utf8")) as { token: string };
    const clone = join(of.terminal.root, "clone");
    makeRepository(clone, { "a.txt": "" })("remote", "add", "origin", `${url}/local/own.git`);
    const env = { GITHUB_TOKEN: token };
    expect(await of.terminal.call(["status"], { cwd: clone, env })).toMatchObject({
      code: 1,
      err: expect.stringMatching(/there is no token for 127/) as unknown,
    });
    const read = await of.terminal.call(["status", "--issue", "1"], { cwd: clone, env: { ...env, GITHUB_SERVER_URL: url } });
    expect(read).toMatchObject({ code: 0, out: expect.stringMatching(/done, 2 of 2 steps done/) as unknown });
    const bin = join(of.terminal.root, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "gh"), `#!/bin/sh\n[ "$*" = "auth token --hostname ${new URL(url).host}" ] && echo ${token}\n`);
    chmodSync(join(bin, "gh"), 0o755);
    const byGh = await of.terminal.call(["pause", "--issue", "1"], { cwd: clone, env: { PATH: `${bin}:${process.env["PATH"] ?? ""}` } });
    expect(byGh).toMatchObject({ code: 1, out: expect.stringMatching(/^local\/own#1: \/enki pause [0-9a-f]{6}\n/) as unknown });
  });

  test("the record of the machine is private, and is gone after Ctrl+C", async () => {
    expect(readdirSync(of.records).map((name) => statSync(join(of.records, name)).mode & 0o077)).toEqual([0]);
    of.local.signal("SIGINT");
    await of.local.ended;
    expect(readdirSync(of.records)).toEqual([]);
    expect(await of.enki("status")).toMatchObject({
      code: 1,
      err: expect.stringMatching(/no remote origin on GitHub; start enki local/) as unknown,
    });
  });
});

test("every command of the table is a subcommand, and every shell completes it", async () => {
  const terminal = openTerminal();
  const names = COMMANDS.map(({ name }) => name).filter((name) => name !== "help");
  const { out } = await terminal.call(["--help"]);
  for (const name of names) expect(out).toMatch(new RegExp(`^ {2}enki ${name} `, "m"));
  for (const shell of ["bash", "zsh", "fish"]) {
    const { code, out: script } = await terminal.call(["completion", shell]);
    expect(code).toBe(0);
    for (const name of names) expect(script).toContain(name);
  }
  expect(await terminal.call(["completion"])).toMatchObject({ code: 2, err: expect.stringMatching(/bash\|zsh\|fish/) as unknown });
});
