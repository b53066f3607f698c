import { expect } from "vitest";
import type { AgentProtocol, PresetName } from "../../src/core/domain/agent-command.ts";
import { isUsageReported } from "../../src/core/domain/agent-usage.ts";
import { AGENT_PRESETS } from "../../src/job/agent/find-preset.ts";
import { type AgentTurn, listCalls, TURN_FILE } from "./agent-turn.ts";
import type { ModelScript, ScriptedCall } from "./scripted-model.ts";

const ANSWER = "The limit is 10.";

const CALLS: readonly ScriptedCall[] = [
  { shell: `cat ${TURN_FILE}` },
  { enki: "enki_status", input: {} },
  { shell: `printf '10\\n' > ${TURN_FILE}` },
  { say: ANSWER },
];

/** The turn of every agent: its shell, a tool of Enki, its shell again, and an answer. */
export const TURN_SCRIPT: ModelScript = (_, step) => CALLS[step] ?? { say: ANSWER };

/** Expects the same results of the whole turn for every agent and protocol. */
export const expectWholeTurn = (turn: AgentTurn, [preset, protocol]: readonly [PresetName, AgentProtocol]): void => {
  expect({ end: turn.end, reason: turn.reason, failure: turn.failure }).toEqual({ end: "finished", reason: "", failure: null });
  expect(turn.messages.at(-1)?.trim()).toBe(ANSWER);
  expect(listCalls(turn.updates).map(({ status }) => status)).toEqual(["completed", "completed", "completed"]);
  expect(listCalls(turn.updates)[1]?.title).toMatch(/enki_status/);
  const reports = AGENT_PRESETS[preset].reports[protocol];
  expect(isUsageReported(turn.usage)).toBe(reports !== "nothing");
  expect(turn.usage.costUsd !== null).toBe(reports === "cost");
};
