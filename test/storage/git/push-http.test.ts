import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, request as send, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { openClone } from "../../../src/storage/git/repository-clone.ts";
import type { RefMove } from "../../../src/core/domain/decision.ts";
import { toBranchRef, LEDGER_REF, toTaskRef } from "../../../src/core/domain/refs.ts";
import { createGitServer, type GitServer } from "../../local-github/actions/git-server.ts";
import { after } from "../../support/after.ts";
import { identity } from "../../support/repository.ts";

const MAIN = toBranchRef("main");
const TASK = toTaskRef("abcdef-fix");

/** A fault of the network, in the request for refs or in the push itself. `pass` forwards the request to git. */
type Fault = (way: {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly pass: (lose?: boolean) => void;
}) => void;
type Faults = { readonly refs?: Fault; readonly push?: Fault };

let server: GitServer;
let faults: Faults;
let clone: Awaited<ReturnType<typeof openClone>>;
let made: { base: string; ledger: string; moves: RefMove[] };

/** Forwards a request to git; with `lose` git completes the request, but the answer is lost. */
const passer = (request: IncomingMessage, response: ServerResponse) => (lose?: boolean) => {
  const { method, headers, url } = request;
  const onward = send(`${server.url}${url ?? ""}`, { method, headers }, (answer) => {
    if (lose) answer.resume().on("end", () => response.destroy());
    else answer.pipe(response.writeHead(answer.statusCode ?? 500, answer.headers));
  });
  request.pipe(onward);
};

const openNetwork = async (): Promise<string> => {
  const network = createServer((request, response) => {
    const pass = passer(request, response);
    const fault = request.method === "POST" ? faults.push : faults.refs;
    if (fault && request.url?.includes("receive-pack")) fault({ request, response, pass });
    else pass();
  });
  await new Promise<void>((resolve) => network.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => void network.close(() => resolve())));
  const address = network.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/octo/demo.git`;
};

/** Opens a new server, clone and proxy; `isNear` for a clone that shares the server's objects and sends only the moves. */
const open = async (isNear: boolean): Promise<void> => {
  const root = mkdtempSync(join(tmpdir(), "enki-push-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  faults = {};
  server = await createGitServer(root, ["secret"]);
  const base = server.commit("main", { "a.txt": "1" });
  const ledger = server.commit("ledger", { format: "2" });
  server.git("update-ref", LEDGER_REF, ledger);
  server.git("update-ref", "-d", toBranchRef("ledger"));
  const url = await openNetwork();
  const near = isNear ? { near: server.bare } : {};
  clone = await openClone({ url, directory: join(root, "clone"), token: () => Promise.resolve("secret"), identity, after, ...near });
  await clone.fetch();
  const tree = await clone.writeFiles(base, new Map([["b.txt", { content: "2", mode: "100644" as const }]]));
  const next = (parent: string) => clone.writeCommit({ tree, parents: [parent], message: "next", at: 0 });
  made = {
    base,
    ledger,
    moves: [
      { ref: LEDGER_REF, oldSha: ledger, newSha: await next(ledger) },
      { ref: MAIN, oldSha: base, newSha: await next(base) },
      { ref: TASK, oldSha: null, newSha: await next(base) },
    ],
  };
};

const refs = (): string => server.git("for-each-ref", "--format=%(refname) %(objectname)");
const answer =
  (status: number): Fault =>
  ({ request, response }) => {
    request.resume();
    response.writeHead(status).end();
  };
/** Runs `happens` between the server's list of refs and the push that depends on the list. */
const meanwhile =
  (happens: () => void): Fault =>
  ({ pass }) => {
    happens();
    pass();
  };

const WAYS = [
  ["to a remote", false],
  ["near the remote", true],
] as const;

describe.each(WAYS)("a push over HTTP %s", (_way, isNear) => {
  beforeEach(() => open(isNear));

  test("moves all named refs", async () => {
    expect(await clone.push(made.moves)).toEqual({ kind: "pushed" });
    expect(await clone.refs()).toMatchObject(Object.fromEntries(made.moves.map(({ ref, newSha }) => [ref, newSha])));
  });

  test.each(isNear ? [401, 403, 404, 429] : [401, 403, 404, 429, 503])(
    "was not sent if the server answers %s before it",
    async (status) => {
      faults = isNear ? { push: answer(status) } : { refs: answer(status) };
      const there = refs();
      expect(await clone.push(made.moves)).toMatchObject({ kind: "not-sent" });
      expect(refs()).toBe(there);
    },
  );

  test.each(isNear ? [502, 503] : [403, 429, 502])("is unclear if the server answers %s to it", async (status) => {
    faults = { push: answer(status) };
    expect(await clone.push(made.moves)).toMatchObject({ kind: "unclear" });
  });

  test("is unclear if its answer is lost, although every ref moved", async () => {
    faults = { push: ({ pass }) => pass(true) };
    expect(await clone.push(made.moves)).toMatchObject({ kind: "unclear" });
    expect(refs()).toContain(`${MAIN} ${made.moves[1]?.newSha}`);
  });

  test("has nothing to send for refs that are where they should be", async () => {
    expect(await clone.push(made.moves)).toEqual({ kind: "pushed" });
    const asked = server.served.length;
    expect(await clone.push(made.moves)).toEqual({ kind: "pushed" });
    expect(server.served.length - asked).toBe(isNear ? 0 : 1);
  });

  test("deletes refs", async () => {
    expect(await clone.push(made.moves)).toEqual({ kind: "pushed" });
    expect(await clone.push([{ ref: TASK, oldSha: made.moves[2]?.newSha ?? null, newSha: null }])).toEqual({ kind: "pushed" });
    expect(refs()).not.toContain(TASK);
  });

  test("a ref that the server's rules refuse is named with their reason", async () => {
    mkdirSync(join(server.bare, "hooks"), { recursive: true });
    const hook = `#!/bin/sh\n[ "$1" != ${MAIN} ] || { echo "error: GH013: $1 is protected" >&2; exit 1; }\n`;
    writeFileSync(join(server.bare, "hooks", "update"), hook, { mode: 0o755 });
    const there = refs();
    expect(await clone.push(made.moves)).toMatchObject({ kind: "not-allowed", ref: MAIN, text: expect.stringContaining("GH013") });
    expect(refs()).toBe(there);
  });

  const elsewhere: readonly (readonly [string, () => void, string[]])[] = [
    ["the base moved", () => server.commit("main", { "p.txt": "person" }), [MAIN]],
    ["the base was deleted", () => server.git("update-ref", "-d", MAIN), [MAIN]],
    ["the ledger moved", () => server.git("update-ref", LEDGER_REF, made.base), [LEDGER_REF]],
    ["a ref that should be new appeared", () => server.git("update-ref", TASK, made.base), [TASK]],
  ];
  test.each(elsewhere)("moves nothing if %s during the push, and returns the refs to read again", async (_, happens, stale) => {
    let there = "";
    faults = { push: meanwhile(() => (happens(), (there = refs()))) };
    expect(await clone.push(made.moves)).toMatchObject({ kind: "stale", refs: expect.arrayContaining(stale) });
    expect(refs()).toBe(there);
  });

  const inTheWay: readonly (readonly [string, () => void])[] = [
    ["a lock that was left behind", () => writeFileSync(join(server.bare, `${MAIN}.lock`), "")],
    ["a branch of the folder's name", () => server.git("update-ref", "refs/heads/task", made.base)],
  ];
  test.each(inTheWay)("moves nothing for %s and reports the reason", async (_, happens) => {
    happens();
    const there = refs();
    expect(await clone.push(made.moves)).toMatchObject({ kind: "stale", text: expect.stringMatching(/File exists|cannot create/) });
    expect(refs()).toBe(there);
  });
});
