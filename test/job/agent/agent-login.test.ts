import { expect, test } from "vitest";
import type { AgentCommand } from "../../../src/core/domain/agent-command.ts";
import { formatLogins, listLoginSecrets, LOGIN_VARIABLE, readLoginFiles } from "../../../src/job/agent/agent-login.ts";
import { selectAgentVariables } from "../../../src/job/agent/agent-variables.ts";
import { ACCESS, RENEWAL, toLoginFiles, toLoginTexts } from "../../support/agent-logins.ts";

const NOW = 1_000_000_000_000;
const FILES = toLoginFiles(NOW);
const agent: AgentCommand = { preset: "codex", command: null, args: [], env: {}, protocol: null, idleMs: 0 };

test("a job gets the files of its own agent's login only", () => {
  const [codex, gemini] = [toLoginTexts(FILES.codex), toLoginTexts(FILES.gemini)];
  const agentEnv = { [LOGIN_VARIABLE]: formatLogins({ codex, gemini }) };
  expect(readLoginFiles(agent, agentEnv)).toEqual(codex);
  expect(readLoginFiles({ ...agent, preset: "claude" }, agentEnv)).toEqual({});
  expect(readLoginFiles({ ...agent, preset: null, command: "/bin/my-agent" }, agentEnv)).toEqual({});
});

test.each(["", "{", "[]", "3", '{"codex":"x"}', '{"codex":{"a":3}}'])("the text %j brings no login", (text) => {
  expect(readLoginFiles(agent, { [LOGIN_VARIABLE]: text })).toEqual({});
});

test.each(["../a", "/a", "a/../../b", "", "a//b", "./a"])("the path %j, which leaves the home, is left out", (path) => {
  expect(readLoginFiles(agent, { [LOGIN_VARIABLE]: formatLogins({ codex: { [path]: "{}", kept: "{}" } }) })).toEqual({ kept: "{}" });
});

test("a configuration cannot ask for the logins", () => {
  const asking = { ...agent, env: { ASKED: `$${LOGIN_VARIABLE}` } };
  expect(selectAgentVariables(asking, { agentEnv: { [LOGIN_VARIABLE]: "{}" }, modelKey: "" })).toEqual({});
});

test("the tokens are secrets; kinds, times, addresses and names are not", () => {
  const token = FILES.codex[".codex/auth.json"].tokens.access_token;
  expect(new Set(listLoginSecrets(toLoginTexts(FILES.codex)))).toEqual(new Set([token, RENEWAL]));
  expect(new Set(listLoginSecrets(toLoginTexts(FILES.gemini)))).toEqual(new Set([ACCESS, RENEWAL]));
  expect(new Set(listLoginSecrets(toLoginTexts(FILES.opencode)))).toEqual(new Set([ACCESS, RENEWAL]));
});
