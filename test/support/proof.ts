import { createStatement, formatStatement, type LandingStatement } from "../../src/core/proof/landing-statement.ts";
import { type EnvelopeSignature, formatEnvelope, PAYLOAD_TYPE } from "../../src/core/proof/proof-envelope.ts";
import type { LandingFacts, ProofTrust } from "../../src/core/proof/verify-proof.ts";
import { createSshKey, formatPublicKey } from "../../src/storage/git/ssh-key.ts";
import { readProofKeys, signStatement } from "../../src/storage/proofs/proof-keys.ts";

export const sha = (digit: string): string => digit.repeat(40);

/** Creates a key from one repeated byte. */
export const testKey = (byte: number) => createSshKey(Buffer.alloc(32, byte));
export const OWN_KEY = testKey(1);

export const trustIn = (...keys: ReturnType<typeof testKey>[]): ProofTrust => ({
  keys: readProofKeys(keys.map((key) => formatPublicKey(key)).join("\n")) ?? [],
  acceptsUnsigned: false,
});

/** Returns a statement about commit 3 with tree 4, landed as a squash on commit 1 with tree 2. */
export const genuineStatement = (): LandingStatement =>
  createStatement(
    { commit: sha("3"), tree: sha("4") },
    {
      repository: "https://github.com/acme/app",
      base: { branch: "main", commit: sha("1"), tree: sha("2") },
      landing: { at: "2026-03-01T10:00:00.000Z", method: "squash", commits: [sha("3")], tip: sha("3") },
      candidate: { commit: sha("5"), tree: sha("4") },
      verdict: { conclusion: "success", commit: sha("5"), run: { id: 77, url: "https://github.com/acme/app/actions/runs/77" } },
      steps: [
        {
          execution: "abcdef",
          step: "fix",
          issue: 7,
          pull: 8,
          attempt: 1,
          head: sha("6"),
          plan: { hash: "a".repeat(64), approval: { by: "mona", at: "2026-03-01T09:00:00.000Z", source: "comment 12" } },
          reviews: [{ by: "rev", review: 4 }],
          decisions: [],
        },
      ],
      policy: { branch: "main", commit: sha("1"), digest: "b".repeat(64) },
    },
  );

/** Returns a clone's facts about the commits of {@link genuineStatement}. */
export const genuineFacts = (): LandingFacts => ({
  commit: sha("3"),
  repository: "https://github.com/acme/app",
  branch: "main",
  tree: sha("4"),
  tipTree: sha("4"),
  baseTree: sha("2"),
  line: { commits: [sha("3")], onto: sha("1") },
});

export const seal = (payload: string | Buffer, signatures: readonly EnvelopeSignature[], payloadType = PAYLOAD_TYPE): Buffer =>
  Buffer.from(formatEnvelope({ payloadType, payload: Buffer.from(payload), signatures }));

export const sealStatement = (statement: LandingStatement, key = OWN_KEY): Buffer => {
  const payload = Buffer.from(formatStatement(statement));
  return seal(payload, [signStatement(key, payload)]);
};
