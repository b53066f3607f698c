import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { openLiveEvents } from "../../src/cli/live-events.ts";

const root = mkdtempSync(join(tmpdir(), "enki-live-"));
afterEach(() => rmSync(root, { recursive: true, force: true }));

const started = (number: number) => ({ at: 0, attempts: 1, notBefore: 0, refused: null, number, digest: null });
const AT = "2026-11-29T05:00:00.000Z";

test("the events of agents are printed once, with their step, as soon as a line is whole, and cannot draw on the terminal", async () => {
  const printed: string[] = [];
  const live = openLiveEvents(root, (line) => void printed.push(line));
  const effectRecords = {
    "start-job:work/0a1b2c-fix/1": started(7),
    "start-job:verify/0123456789012345678901234567890123456789/1": started(8),
    "start-job:plan/0a1b2c/1": started(9),
  };
  mkdirSync(join(root, "7"));
  mkdirSync(join(root, "8"));
  writeFileSync(join(root, "8", "verify.log"), `${AT} | not of an agent\n`);
  writeFileSync(join(root, "7", "agent.log"), `${AT} Set up\n${AT} | I look.\n${AT} | * Bash npm te`);
  await live.look({ effectRecords });
  expect(printed).toEqual(["fix | I look."]);
  appendFileSync(join(root, "7", "agent.log"), `st\n${AT} | \u001b[2J\u001b]0;evil\u0007gone\n`);
  await live.look({ effectRecords });
  await live.look({ effectRecords });
  expect(printed.slice(0, 2)).toEqual(["fix | I look.", "fix | * Bash npm test"]);
  expect(printed).toHaveLength(3);
  expect(Array.from(printed[2] ?? "").every((each) => each >= " " && each !== "\u007f")).toBe(true);
});
