import { expect, test } from "vitest";
import { createSealingKeys, openSealedBox, readSealingKeys } from "../../../src/local-github/api/sealed-box.ts";

/** Keys and boxes that libsodium made, through PyNaCl 1.5. */
const KEYS = readSealingKeys(Buffer.from(Array.from({ length: 32 }, (_, index) => index)));
const BOXES = [
  ["nothing", "", "XmEWdSXHaFyWMc8RQwZRR3567XQZ2tgBtX2O/+Jpd0WXsdHUM/2MUCy77IQg5rs4"],
  ["a word", "a key", "cPd3Fmm7LiSjvDIALt3jJVCJkiDPGYDAhsNnoWmc8m5md/E/lKXgiMpciFQ/yVLfEyvkN2k="],
  ["other letters", "grüße 🔑", "8arfF7YyHq+pwBUssQ98WLnXGPEK0ix7HyTaxFP8KmvP4MRonHHhFm8023tPFHFZ9KhhV95sEiafhavV"],
  [
    "a whole block",
    `${"x".repeat(31)}\n`,
    "goe9kVzFXQFCCdwgaicuzVF/pFvQ6CLpqo9iGH853CEs1Z1UItJjNpojmJOFJ9sBWQsubR0AWd9/hr0MNRcyp5Rq9BVah7KGcZShHHQcWXs=",
  ],
  [
    "several blocks",
    "y".repeat(200),
    "z0oqKiSM93kJcavMbhvRQIEGTTWYDVnkHnhF14h4bj8kKtEiHj8yiqdU5OXfP4hRhHAPt8xBlpJRiSqtuxsVW7pWUe4o1QhCTYwzcVULdxM2cifYutRTFAn94ntM1ocfvwmGzjGHsr0bu75HFLa3DX/6VOAp1CFuyDQCnGLGUYLDNc0VQL2VzPiZVqx9kTz56yUhkcswFuLwUb4iHKWVZK7kL/1oYyQk+Dubq8srYKEAlTGYua7aYJtaXr9QsIE2JDNh3q+ugLMPmUbCfkOzQYORTSVmWbomYHMP67WV/yWcvCb/oFuUrYiEzRwya0x2LcagAOB0P4w=",
  ],
] as const;

test.each(BOXES)("opens a box of libsodium with %s", (_, text, sealed) => {
  expect(KEYS.publicKey.toString("base64")).toBe("j0DFrbaPJWJK5bIU6nZ6bslNgp09e14a0bpvPiE4KF8=");
  expect(openSealedBox(KEYS, Buffer.from(sealed, "base64"))?.toString("utf8")).toBe(text);
});

test("opens no box that is sealed for other keys, changed, too short, or from a point of low order", () => {
  const sealed = Buffer.from(BOXES[1][2], "base64");
  expect(openSealedBox(createSealingKeys(), sealed)).toBeNull();
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(openSealedBox(KEYS, changed)).toBeNull();
    expect(openSealedBox(KEYS, sealed.subarray(0, at))).toBeNull();
  }
  expect(openSealedBox(KEYS, Buffer.alloc(64))).toBeNull();
});
