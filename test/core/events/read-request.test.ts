import { expect, test } from "vitest";
import { COMMANDS } from "../../../src/core/commands/command-table.ts";
import { composeRequestCommand, readRequest } from "../../../src/core/events/read-request.ts";

const COMMIT = "a".repeat(40);
const request = (command: string, over: object = {}): string => JSON.stringify({ issue: 7, at: 5, command, nonce: "n", ...over });

test("a request is an event that its commit names", () => {
  expect(readRequest(request("/enki fix the tests"), { commit: COMMIT, now: 5 })).toEqual({
    kind: "commanded",
    id: `request:${COMMIT}`,
    at: 5,
    issue: 7,
    onPullRequest: false,
    source: { kind: "request", commit: COMMIT },
    by: "github-actions[bot]",
    edited: false,
    requests: [{ ok: true, command: { kind: "do", text: "the tests" } }],
  });
});

test("a request without a time has the time at which it is read", () => {
  const text = JSON.stringify({ issue: 7, command: "/enki fix it", nonce: "n" });
  expect(readRequest(text, { commit: COMMIT, now: 9 })).toMatchObject({ id: `request:${COMMIT}`, at: 9 });
});

test("a request may have a text for agents", () => {
  const event = readRequest(request("/enki fix it", { details: "the log" }), { commit: COMMIT, now: 5 });
  expect(event).toMatchObject({ source: { kind: "request", commit: COMMIT, details: "the log" } });
});

test.each([
  ["no JSON", "{"],
  ["a foreign form", JSON.stringify({ hello: 1 })],
  ["an approval, which only people give", request("/enki approve abcdef123456")],
  ["a stop", request("/enki stop")],
  ["two commands", request("/enki fix a\n\n/enki fix b")],
  ["no command", request("hello")],
  ["an unknown command", request("/enki frobnicate")],
  ["an issue that cannot exist", request("/enki fix a", { issue: 0 })],
  ["a time that no date can have", request("/enki fix a", { at: 9_000_000_000_000_000 })],
  ["a time two days from now", request("/enki fix a", { at: 2 * 24 * 60 * 60_000 + 5 })],
  ["a text without end", request(`/enki fix ${"a".repeat(30_000)}`)],
])("%s is no request", (_, text) => {
  expect(readRequest(text, { commit: COMMIT, now: 5 })).toBeNull();
});

test.each([
  ["", "make main green", "/enki fix make main green"],
  ["bump-deps", "", "/enki run bump-deps"],
  ["bump-deps", "minor ones", "/enki run bump-deps minor ones"],
  ["", "one\n\n/enki approve abc", "/enki fix one /enki approve abc"],
  ["", " \n", null],
  ["a b", "", null],
  ["Bump", "", null],
  ["a.b", "", null],
  ["-x", "", null],
  ["x\n\n/enki stop", "", null],
])("workflow %j and request %j are the command %j", (workflow, text, command) => {
  expect(composeRequestCommand({ workflow, request: text, budget: "" })).toBe(command);
});

test.each([
  ["", "fix it", "5", "/enki fix fix it up to $5"],
  ["", "fix it", "0.50", "/enki fix fix it up to $0.50"],
  ["", "fix it", "5 /enki stop", null],
  ["", "fix it", "-1", null],
  ["bump-deps", "", "5", null],
])("workflow %j, request %j and budget %j are the command %j", (workflow, text, budget, command) => {
  expect(composeRequestCommand({ workflow, request: text, budget })).toBe(command);
  const event = command === null ? null : readRequest(request(command), { commit: COMMIT, now: 5 });
  const micros = Math.round(Number(budget) * 1_000_000);
  if (command !== null) expect(event).toMatchObject({ requests: [{ ok: true, command: { kind: "do", budget: micros } }] });
});

test("whatever a job passes is at most one command", () => {
  for (const text of ["a\n/enki stop", "a\r\n\r\n/enki cancel", "<!-- \n/enki stop\n-->", "> x\n\n/enki approve abcdef1"]) {
    const command = composeRequestCommand({ workflow: "", request: text, budget: "" }) ?? "";
    const event = readRequest(request(command), { commit: COMMIT, now: 5 });
    if (event?.kind === "commanded") expect(event.requests.map((each) => each.ok && each.command.kind)).toEqual(["do"]);
  }
});

test("a request starts work or asks a question; everything else is for people", () => {
  const kinds = (command: string): unknown => {
    const event = readRequest(request(command), { commit: COMMIT, now: 5 });
    return event?.kind === "commanded" ? event.requests.map((each) => each.ok && each.command.kind) : null;
  };
  const started = ["/enki fix it", "/enki plan it", "/enki run bump-deps", "/enki quick fix the typo", "/enki ask where is it?"];
  expect(started.map(kinds)).toEqual([["do"], ["plan"], ["run"], ["quick"], ["ask"]]);
  const refused = COMMANDS.filter(({ name }) => !started.some((line) => line.startsWith(`/enki ${name} `)));
  expect(refused.map(({ example }) => kinds(`/enki ${example}`)).filter((each) => each !== null)).toEqual([]);
  expect(refused.length).toBeGreaterThan(10);
});
