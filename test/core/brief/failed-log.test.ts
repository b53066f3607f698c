import { expect, test } from "vitest";
import { composeFailedLogs } from "../../../src/core/brief/failed-log.ts";

const AT = "2026-11-28T12:00:00.1234567Z ";

test("the log of a failed job ends with its last error, without times, colours and what cleaned up afterwards", () => {
  const log = [
    "\uFEFF",
    `${AT}$ npm test`,
    `${AT}\u001b[31mexpected 1\u001b[0m`,
    `${AT}##[error]Process completed with exit code 1.`,
    `${AT}Post job cleanup.`,
  ];
  expect(composeFailedLogs([{ job: "build", log: log.join("\n") }], 1_000)).toBe(
    "Job build:\n\n$ npm test\nexpected 1\n##[error]Process completed with exit code 1.",
  );
});

test("all failed jobs share the room, each with its end", () => {
  const text = composeFailedLogs(
    [
      { job: "a", log: `${"x".repeat(500)}a` },
      { job: "b", log: `${"y".repeat(500)}b` },
      { job: "c", log: null },
    ],
    30,
  );
  expect(text).toBe("Job a:\nxxxxxxxxxa\n\nJob b:\nyyyyyyyyyb\n\nJob c:\nIts log could not be read.");
});

test("a credential in a log reaches no issue", () => {
  const token = ["gh", "p_", "A1b2C3d4E5f6G7h8I9j0".repeat(2).slice(0, 36)].join("");
  expect(composeFailedLogs([{ job: "a", log: `push with ${token}` }], 1_000)).not.toContain(token);
});

test("a credential over several lines, or in a job's name, reaches no issue", () => {
  const token = ["gh", "p_", "A1b2C3d4E5f6G7h8I9j0".repeat(2).slice(0, 36)].join("");
  const mark = (word: string): string => `${"-".repeat(5)}${word} ${["PRI", "VATE"].join("")} KEY${"-".repeat(5)}`;
  const key = `${mark("BEGIN")}\n${"MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n".repeat(6)}${mark("END")}`;
  const log = `${key}\n${token.slice(0, 12)}\n${token.slice(12)}`
    .split("\n")
    .map((line) => `${AT}${line}`)
    .join("\n");
  const text = composeFailedLogs([{ job: `test ${token}`, log }], 20_000);
  expect(text).not.toContain("MIIEvQIBADANBgkqhkiG9w0BAQEFAASC");
  expect(text).not.toContain(token.slice(12));
});
