import { expect, test } from "vitest";
import { formatStatement, type LandingStatement, readStatement } from "../../../src/core/proof/landing-statement.ts";
import { formatEnvelope, readEnvelope, toSignedEnvelopeBytes } from "../../../src/core/proof/proof-envelope.ts";
import { judgeLanding, openProof } from "../../../src/core/proof/verify-proof.ts";
import { fc } from "../../support/fast-check.ts";
import { genuineFacts, genuineStatement, OWN_KEY, seal, sealStatement, sha, testKey, trustIn } from "../../support/proof.ts";

const landedAs = (landing: Partial<LandingStatement["predicate"]["landing"]>): LandingStatement => {
  const statement = genuineStatement();
  return { ...statement, predicate: { ...statement.predicate, landing: { ...statement.predicate.landing, ...landing } } };
};

test("a signed statement opens under each of several keys, and says which one signed", () => {
  const opened = openProof(sealStatement(genuineStatement()), trustIn(testKey(9), OWN_KEY));
  expect(opened).toEqual({ ok: true, value: { statement: genuineStatement(), signedBy: expect.stringMatching(/^SHA256:/) as unknown } });
});

test("an unsigned statement counts only without a key and by request, and says so", () => {
  const bytes = seal(formatStatement(genuineStatement()), []);
  const trust = { keys: [], acceptsUnsigned: true };
  expect(openProof(bytes, trust)).toMatchObject({ ok: true, value: { signedBy: null } });
  expect(openProof(bytes, { keys: [], acceptsUnsigned: false })).toMatchObject({ ok: false, refusal: { code: "proof-unsigned" } });
});

test("the signed bytes are those of DSSE's own example", () => {
  expect(toSignedEnvelopeBytes("http://example.com/HelloWorld", Buffer.from("hello world")).toString()).toBe(
    "DSSEv1 29 http://example.com/HelloWorld 11 hello world",
  );
});

test("each commit of a rebase is proven by the same statement", () => {
  const statement = landedAs({ method: "rebase", commits: [sha("7"), sha("3")] });
  const line = { commits: [sha("7"), sha("3")], onto: sha("1") };
  for (const commit of [sha("7"), sha("3")]) expect(judgeLanding(statement, { ...genuineFacts(), commit, line })).toBeNull();
  expect(judgeLanding(statement, { ...genuineFacts(), line: { commits: [sha("3"), sha("7")], onto: sha("1") } })).not.toBeNull();
});

test("a step that landed below others is proven with the verified tree of the tip", () => {
  const statement = landedAs({ method: "merge", tip: sha("8") });
  const { predicate } = statement;
  const verified = { ...statement, predicate: { ...predicate, candidate: { commit: sha("8"), tree: sha("9") } } };
  const facts = { ...genuineFacts(), tipTree: sha("9"), line: { commits: [sha("3"), sha("8")], onto: sha("1") } };
  expect(judgeLanding(verified, facts)).toBeNull();
  expect(judgeLanding(verified, { ...facts, tipTree: sha("4") })).toMatchObject({ refusal: { code: "proof-candidate" } });
});

test("addresses of one repository are equal in any case", () => {
  expect(judgeLanding(genuineStatement(), { ...genuineFacts(), repository: "https://GitHub.com/Acme/App.git" })).toBeNull();
  expect(judgeLanding(genuineStatement(), { ...genuineFacts(), repository: null })).toBeNull();
});

test("an envelope and a statement are read back as they were written, and no byte of them can change", () => {
  const text = fc.string({ unit: "grapheme" });
  fc.assert(
    fc.property(text, fc.uint8Array({ maxLength: 80 }), text, (by, bytes, payloadType) => {
      const statement = genuineStatement();
      const [step] = statement.predicate.steps;
      const named = { ...statement, predicate: { ...statement.predicate, steps: step ? [{ ...step, reviews: [{ by, review: 1 }] }] : [] } };
      expect(readStatement(formatStatement(named))).toEqual({ kind: "statement", statement: named });
      const envelope = { payloadType, payload: Buffer.from(bytes), signatures: [{ keyid: by, sig: Buffer.from(bytes) }] };
      expect(readEnvelope(Buffer.from(formatEnvelope(envelope)))).toEqual(envelope);
    }),
  );
  const sealed = sealStatement(genuineStatement());
  for (let at = 0; at < sealed.length; at += 7) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(openProof(changed, trustIn(OWN_KEY)).ok).toBe(false);
  }
});
