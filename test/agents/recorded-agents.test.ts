import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { AGENT_PROTOCOLS, PRESET_NAMES } from "../../src/core/domain/agent-command.ts";
import { playTurn } from "./agent-turn.ts";
import { expectWholeTurn } from "./turn-contract.ts";

const REPLAYER = new URL("../fixtures/replay-wire.mjs", import.meta.url).pathname;

/** To record the real agents: `ENKI_RECORD=1 npm run test:agents`. */
describe.each(PRESET_NAMES)("the recorded %s", (preset) => {
  test.each(AGENT_PROTOCOLS)("gives the same transcript and outcome over %s", async (protocol) => {
    const file = new URL(`../fixtures/wire/${preset}-${protocol}.jsonl`, import.meta.url).pathname;
    expect(existsSync(file)).toBe(true);
    expectWholeTurn(await playTurn({ preset, protocol, command: [process.execPath, REPLAYER, file], env: {} }), [preset, protocol]);
  });
});
