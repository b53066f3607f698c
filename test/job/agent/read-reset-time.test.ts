import { describe, expect, test } from "vitest";
import { classifyFailure } from "../../../src/job/agent/classify-failure.ts";
import { readResetTime } from "../../../src/job/agent/read-reset-time.ts";
import { fc, runs } from "../../support/fast-check.ts";

/** A Sunday in winter, 14:30 in Berlin. */
const NOW = Date.parse("2026-11-29T13:30:00Z");
const read = (text: string, zone = "UTC"): string | null => {
  const words = classifyFailure(text)?.resets;
  const at = words === undefined ? null : readResetTime(words, { now: NOW, zone });
  return at === null ? null : new Date(at).toISOString();
};

describe("the time at which a quota is renewed, as agents and providers name it", () => {
  test.each<[agent: string, text: string, at: string]>([
    ["Claude Code", "You've hit your session limit · resets 3pm (UTC)", "2026-11-29T15:00:00.000Z"],
    ["Claude Code", "You've hit your session limit · resets 1:30pm (UTC), read as it passes", "2026-11-29T13:30:00.000Z"],
    ["Claude Code", "You've hit your session limit · resets 1:22pm (UTC), read a while later", "2026-11-29T13:22:00.000Z"],
    ["Claude Code", "You've hit your limit · resets 1:15pm (Europe/Berlin)", "2026-11-30T12:15:00.000Z"],
    ["Claude Code", "You've hit your weekly limit · resets Dec 2, 9am (America/New_York)", "2026-12-02T14:00:00.000Z"],
    ["Claude Code", "You've hit your weekly limit · resets Jan 2, 9am (UTC)", "2027-01-02T09:00:00.000Z"],
    ["Claude Code", "Claude AI usage limit reached|1796000000", "2026-11-30T00:53:20.000Z"],
    ["Codex", "You've hit your usage limit. Upgrade to Pro or try again at 3:45 PM.", "2026-11-29T15:45:00.000Z"],
    ["Codex", "You've hit your usage limit. Try again at Dec 5th, 2026 3:45 PM.", "2026-12-05T15:45:00.000Z"],
    ["Codex", "You've hit your usage limit. Try again in 2 days 3 hours 5 minutes.", "2026-12-01T16:35:00.000Z"],
    ["Codex", "Rate limit reached for o4. Please try again in 1.5s.", "2026-11-29T13:30:01.500Z"],
    ["Codex", '{"type":"usage_limit_reached","resets_at":1796000000,"resets_in_seconds":30}', "2026-11-30T00:53:20.000Z"],
    ["Codex", 'status 429 {"resets_in_seconds": 3600}', "2026-11-29T14:30:00.000Z"],
    [
      "Gemini CLI",
      "You have exhausted your capacity on this model (quota). Your quota will reset after 14h32m8s.",
      "2026-11-30T04:02:08.000Z",
    ],
    ["Gemini CLI", "You exceeded your current quota. Please retry in 39.5s.", "2026-11-29T13:30:39.500Z"],
    ["Gemini CLI", '"status":"RESOURCE_EXHAUSTED","details":[{"retryDelay":"39s"}]', "2026-11-29T13:30:39.000Z"],
    ["opencode", "429 Too many requests (retry-after: 3600)", "2026-11-29T14:30:00.000Z"],
    ["headers", "status 429, retry-after: Sun, 29 Nov 2026 18:00:00 GMT", "2026-11-29T18:00:00.000Z"],
    ["headers", "status 429, retry-after-ms: 90000", "2026-11-29T13:31:30.000Z"],
    ["headers", "status 429, anthropic-ratelimit-requests-reset: 2026-11-29T14:00:00Z", "2026-11-29T14:00:00.000Z"],
    ["headers", "status 429, anthropic-ratelimit-unified-reset: 1796000000", "2026-11-30T00:53:20.000Z"],
    ["headers", "status 429, x-ratelimit-reset-requests: 6m0s", "2026-11-29T13:36:00.000Z"],
  ])("%s: %s", (_, text, at) => {
    expect(read(text)).toBe(at);
  });

  test("a time without a zone is the machine's, and the next one", () => {
    expect(read("Your usage limit resets at 3:45 PM", "Europe/Berlin")).toBe("2026-11-29T14:45:00.000Z");
    expect(read("Your usage limit resets at 2:15 PM", "Europe/Berlin")).toBe("2026-11-30T13:15:00.000Z");
  });

  test("a change of the clock in between is seen", () => {
    const words = "Mar 28, 3pm (Europe/Berlin)";
    const winter = Date.parse("2027-03-27T12:00:00Z");
    expect(new Date(readResetTime(words, { now: winter, zone: "UTC" }) ?? 0).toISOString()).toBe("2027-03-28T13:00:00.000Z");
  });

  test.each([
    "You exceeded your current quota",
    "quota: resets soon",
    "usage limit resets 25:00 (UTC)",
    "usage limit resets 3pm (Mars/Base)",
  ])("none: %s", (text) => {
    expect(read(text)).toBeNull();
  });

  test("any text is read, and its time is a number", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, zone) => {
        const { resets = text } = classifyFailure(`quota, resets ${text}`) ?? {};
        expect(resets.length).toBeLessThanOrEqual(100);
        const at = readResetTime(resets, { now: NOW, zone });
        expect(at === null || Number.isFinite(at)).toBe(true);
      }),
      { numRuns: runs(1_000) },
    );
  });
});
