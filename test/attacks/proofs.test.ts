import { sign } from "node:crypto";
import { expect, test } from "vitest";
import { formatStatement, type LandingStatement } from "../../src/core/proof/landing-statement.ts";
import { toSignedEnvelopeBytes } from "../../src/core/proof/proof-envelope.ts";
import { judgeLanding, type LandingFacts, openProof, type ProofTrust } from "../../src/core/proof/verify-proof.ts";
import { openSignedCommit } from "../../src/storage/git/signed-commit.ts";
import { formatSignedCommit } from "../../src/storage/git/signed-commit.ts";
import { createSshSignature } from "../../src/storage/git/ssh-signature.ts";
import { formatFingerprint } from "../../src/storage/git/ssh-key.ts";
import { signStatement } from "../../src/storage/proofs/proof-keys.ts";
import { genuineFacts, genuineStatement, OWN_KEY, seal, sealStatement, sha, testKey, trustIn } from "../support/proof.ts";
import { attackFamily, type AttackVariants } from "./attack-family.ts";

type Predicate = LandingStatement["predicate"];
type Offer = { readonly bytes?: Buffer; readonly facts?: Partial<LandingFacts>; readonly trust?: ProofTrust };
type Forgery = { readonly offer: () => Offer };

const ATTACKER = testKey(2);
const GENUINE_TEXT = formatStatement(genuineStatement());
const GENUINE_SIGNATURE = signStatement(OWN_KEY, Buffer.from(GENUINE_TEXT));
const UNCHECKED: ProofTrust = { keys: [], acceptsUnsigned: true };

const edited = (change: Partial<Predicate>): LandingStatement => {
  const statement = genuineStatement();
  return { ...statement, predicate: { ...statement.predicate, ...change } };
};
const editedStep = (change: Partial<Predicate["steps"][number]>): LandingStatement => {
  const [step] = genuineStatement().predicate.steps;
  return edited({ steps: step ? [{ ...step, ...change }] : [] });
};
/** Keeps the genuine signature below the edited text. */
const keepSignature = (statement: LandingStatement): Offer => ({ bytes: seal(formatStatement(statement), [GENUINE_SIGNATURE]) });
/** Signs a text with the right key, as if Enki had written it. */
const signText = (text: string | Buffer): Offer => ({ bytes: seal(text, [signStatement(OWN_KEY, Buffer.from(text))]) });
/** Changes the text of the genuine envelope. */
const rewrite = (change: (text: string) => string): Offer => ({
  bytes: Buffer.from(change(sealStatement(genuineStatement()).toString("utf8"))),
});
const otherPlan = { hash: "c".repeat(64), approval: null };

const ledgerCommit = (): { payload: Buffer; armored: string } => {
  const person = { name: "enki", email: "enki@example.com" };
  const commit = { tree: sha("4"), parents: [sha("1")], author: { ...person, at: 0 }, committer: person, at: 0, message: "A write" };
  const opened = openSignedCommit(formatSignedCommit(commit, (payload) => createSshSignature(OWN_KEY, payload)));
  return { payload: opened?.payload ?? Buffer.alloc(0), armored: opened?.signature ?? "" };
};
const armoredBytes = (armored: string): Buffer => Buffer.from(armored.split("\n").slice(1, -1).join(""), "base64").subarray(-64);

const EDITED: AttackVariants<Forgery> = {
  "another plan": { offer: () => keepSignature(editedStep({ plan: otherPlan })), expected: "proof-signature" },
  "another approver": {
    offer: () => keepSignature(editedStep({ plan: { hash: "a".repeat(64), approval: { by: "mallory", at: null, source: null } } })),
    expected: "proof-signature",
  },
  "another run": {
    offer: () => keepSignature(edited({ verdict: { conclusion: "success", commit: sha("5"), run: { id: 78, url: "https://x" } } })),
    expected: "proof-signature",
  },
  "no run": {
    offer: () => keepSignature(edited({ verdict: { conclusion: "success", commit: sha("5"), run: null } })),
    expected: "proof-signature",
  },
  "a review that nobody gave": {
    offer: () => keepSignature(editedStep({ reviews: [{ by: "boss", review: 5 }] })),
    expected: "proof-signature",
  },
  "another policy": {
    offer: () => keepSignature(edited({ policy: { branch: "main", commit: null, digest: "0".repeat(64) } })),
    expected: "proof-signature",
  },
  "a statement from an edited ledger, signed by its editor": {
    offer: () => ({ bytes: sealStatement(editedStep({ plan: otherPlan }), ATTACKER) }),
    expected: "proof-key",
  },
  "a statement from an edited ledger, unsigned": {
    offer: () => ({ bytes: seal(formatStatement(editedStep({ plan: otherPlan })), []) }),
    expected: "proof-unsigned",
  },
  "an approver whose name has a letter of another script": {
    offer: () => keepSignature(editedStep({ plan: { hash: "a".repeat(64), approval: { by: "m\u043Ena", at: null, source: null } } })),
    expected: "proof-signature",
  },
};

const KEYS: AttackVariants<Forgery> = {
  "another key": { offer: () => ({ bytes: sealStatement(genuineStatement(), ATTACKER) }), expected: "proof-key" },
  "another key that claims the id of the right one": {
    offer: () => ({
      bytes: seal(GENUINE_TEXT, [{ ...signStatement(ATTACKER, Buffer.from(GENUINE_TEXT)), keyid: formatFingerprint(OWN_KEY) }]),
    }),
    expected: "proof-signature",
  },
  "no signature where a key is known": { offer: () => ({ bytes: seal(GENUINE_TEXT, []) }), expected: "proof-unsigned" },
  "no signature where a key is known, and unsigned statements are accepted": {
    offer: () => ({ bytes: seal(GENUINE_TEXT, []), trust: { ...trustIn(OWN_KEY), acceptsUnsigned: true } }),
    expected: "proof-unsigned",
  },
  "a signature where no key is known": { offer: () => ({ trust: trustIn() }), expected: "proof-no-key" },
  "the signature of a commit of the ledger": {
    offer: () => ({
      bytes: seal(GENUINE_TEXT, [{ keyid: formatFingerprint(OWN_KEY), sig: armoredBytes(ledgerCommit().armored) }]),
    }),
    expected: "proof-signature",
  },
  "a signed commit of the ledger as the statement": {
    offer: () => {
      const { payload, armored } = ledgerCommit();
      return { bytes: seal(payload, [{ keyid: formatFingerprint(OWN_KEY), sig: armoredBytes(armored) }]) };
    },
    expected: "proof-signature",
  },
  "a signature of the bare statement, without its type": {
    offer: () => ({
      bytes: seal(GENUINE_TEXT, [{ keyid: formatFingerprint(OWN_KEY), sig: sign(null, Buffer.from(GENUINE_TEXT), OWN_KEY.secret ?? "") }]),
    }),
    expected: "proof-signature",
  },
  "a good signature by a wrong key beside the right id": {
    offer: () => ({
      bytes: seal(GENUINE_TEXT, [
        { keyid: formatFingerprint(OWN_KEY), sig: Buffer.alloc(64) },
        signStatement(ATTACKER, Buffer.from(GENUINE_TEXT)),
      ]),
    }),
    expected: "proof-form",
  },
  "the right signature beside one of a wrong key": {
    offer: () => ({ bytes: seal(GENUINE_TEXT, [GENUINE_SIGNATURE, signStatement(ATTACKER, Buffer.from(GENUINE_TEXT))]) }),
    expected: "proof-form",
  },
  "the same signature twice": {
    offer: () => ({ bytes: seal(GENUINE_TEXT, [GENUINE_SIGNATURE, GENUINE_SIGNATURE]) }),
    expected: "proof-form",
  },
  "a signature with the order of the curve added": {
    offer: () => ({ bytes: seal(GENUINE_TEXT, [{ ...GENUINE_SIGNATURE, sig: addOrder(GENUINE_SIGNATURE.sig) }]) }),
    expected: "proof-signature",
  },
  "an empty signature": {
    offer: () => ({ bytes: seal(GENUINE_TEXT, [{ ...GENUINE_SIGNATURE, sig: Buffer.alloc(0) }]) }),
    expected: "proof-signature",
  },
};

const ORDER = (1n << 252n) + 27_742_317_777_372_353_535_851_937_790_883_648_493n;
/** The second half of an Ed25519 signature is a little-endian number; a lax verifier reduces the number first. */
const addOrder = (signature: Buffer): Buffer => {
  const half = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString("hex")}`) + ORDER;
  return Buffer.concat([signature.subarray(0, 32), Buffer.from(half.toString(16).padStart(64, "0"), "hex").reverse()]);
};

/** The last letter of 64 bytes encodes two bits; decoders ignore four more. */
const UNUSED_BITS: Readonly<Record<string, string>> = { A: "B", Q: "R", g: "h", w: "x" };

const FORMS: AttackVariants<Forgery> = {
  "a truncated envelope": { offer: () => rewrite((text) => text.slice(0, -20)), expected: "proof-broken" },
  "a truncated payload": { offer: () => ({ bytes: seal(GENUINE_TEXT.slice(0, -9), [GENUINE_SIGNATURE]) }), expected: "proof-signature" },
  "a truncated payload that the key signed": { offer: () => signText(GENUINE_TEXT.slice(0, -9)), expected: "proof-broken" },
  "an envelope without end": { offer: () => ({ bytes: Buffer.alloc(1_000_001, "[") }), expected: "proof-broken" },
  "a field of the envelope twice": {
    offer: () => rewrite((text) => text.replace('"payloadType"', '"payloadType":"application/json","payloadType"')),
    expected: "proof-form",
  },
  "a field of the statement twice": {
    offer: () => signText(GENUINE_TEXT.replace('"conclusion":"success"', '"conclusion":"failure","conclusion":"success"')),
    expected: "proof-form",
  },
  "another field in the envelope": { offer: () => rewrite((text) => text.replace("{", '{"comment":"fine",')), expected: "proof-broken" },
  "another field in the statement": {
    offer: () => signText(GENUINE_TEXT.replace('"policy":{', '"policy":{"waived":true,')),
    expected: "proof-broken",
  },
  "a field named __proto__": {
    offer: () => signText(GENUINE_TEXT.replace('"policy":{', '"policy":{"__proto__":{"a":1},')),
    expected: "proof-broken",
  },
  "escaped letters in the envelope": {
    offer: () => rewrite((text) => text.replace("payloadType", "p\\u0061yloadType")),
    expected: "proof-form",
  },
  "escaped letters in the statement": { offer: () => signText(GENUINE_TEXT.replace("mona", "m\\u006fna")), expected: "proof-form" },
  "a byte order mark": { offer: () => rewrite((text) => `\uFEFF${text}`), expected: "proof-broken" },
  "bytes that are no text": {
    offer: () => signText(Buffer.from(GENUINE_TEXT.replace("mona", "mon\u00FF"), "latin1")),
    expected: "proof-broken",
  },
  base64url: {
    offer: () => rewrite((text) => text.replace(/"sig":"[^"]+"/, `"sig":"${GENUINE_SIGNATURE.sig.toString("base64url")}"`)),
    expected: "proof-form",
  },
  "base64 with other unused bits": {
    offer: () => rewrite((text) => text.replace(/([AQgw])=="}/, (_, letter: string) => `${UNUSED_BITS[letter] ?? ""}=="}`)),
    expected: "proof-form",
  },
  "base64 with a line end": { offer: () => rewrite((text) => text.replace('"payload":"', '"payload":"\\n')), expected: "proof-form" },
  "blanks after the envelope": { offer: () => rewrite((text) => `${text} `), expected: "proof-form" },
  "another payload type": { offer: () => rewrite((text) => text.replace("in-toto+json", "in-toto+yaml")), expected: "proof-payload-type" },
  "another payload type that the key signed": {
    offer: () => {
      const [type, payload] = ["application/json", Buffer.from(GENUINE_TEXT)];
      const sig = sign(null, toSignedEnvelopeBytes(type, payload), OWN_KEY.secret ?? "");
      return { bytes: seal(payload, [{ keyid: formatFingerprint(OWN_KEY), sig }], type) };
    },
    expected: "proof-payload-type",
  },
  "a statement about something else": {
    offer: () => signText(GENUINE_TEXT.replace("landing/v1", "build/v1")),
    expected: "proof-predicate",
  },
};

const REPLAYED: AttackVariants<Forgery> = {
  "on another commit": { offer: () => ({ facts: { commit: sha("9") } }), expected: "proof-commit" },
  "on an amended commit": {
    offer: () => ({ facts: { commit: sha("9"), line: { commits: [sha("9")], onto: sha("1") } } }),
    expected: "proof-commit",
  },
  "on another tree with the same message": {
    offer: () => ({ facts: { commit: sha("9"), tree: sha("8"), tipTree: sha("8") } }),
    expected: "proof-commit",
  },
  "as an edited statement about another commit, unchecked": {
    offer: () => {
      const statement = edited({ landing: { ...genuineStatement().predicate.landing, commits: [sha("9")], tip: sha("9") } });
      return { bytes: sealStatement(statement), trust: UNCHECKED, facts: { commit: sha("9") } };
    },
    expected: "proof-commit",
  },
  "on a branch with easier gates": { offer: () => ({ facts: { branch: "release" } }), expected: "proof-branch" },
  "with a tree that the commit does not have": { offer: () => ({ facts: { tree: sha("8") } }), expected: "proof-tree" },
  "with a commit that the clone lacks": { offer: () => ({ facts: { tree: null } }), expected: "proof-tree" },
  "on another base": { offer: () => ({ facts: { line: { commits: [sha("3")], onto: sha("7") } } }), expected: "proof-base" },
  "on a base from which other commits follow first": {
    offer: () => ({ facts: { line: { commits: [sha("7"), sha("3")], onto: sha("9") } } }),
    expected: "proof-base",
  },
  "beside the line of its tip": { offer: () => ({ facts: { line: { commits: [sha("7")], onto: sha("1") } } }), expected: "proof-base" },
  "in a clone without its history": { offer: () => ({ facts: { line: null } }), expected: "proof-base" },
  "on a base with another tree": { offer: () => ({ facts: { baseTree: sha("7") } }), expected: "proof-base" },
  "after GitHub merged another tree than the verified one": {
    offer: () => ({ facts: { tipTree: sha("7") } }),
    expected: "proof-candidate",
  },
  "in another repository": { offer: () => ({ facts: { repository: "https://github.com/acme/fork" } }), expected: "proof-repository" },
  "with a plan that is no hash": {
    offer: () => ({ bytes: sealStatement(editedStep({ plan: { hash: "A".repeat(64), approval: null } })) }),
    expected: "proof-plan",
  },
  "with a red run": {
    offer: () => ({ bytes: sealStatement(edited({ verdict: { conclusion: "failure", commit: sha("5"), run: null } })) }),
    expected: "proof-verdict",
  },
};

const judge = ({ offer }: Forgery) => {
  const { bytes = sealStatement(genuineStatement()), facts = {}, trust = trustIn(OWN_KEY) } = offer();
  const opened = openProof(bytes, trust);
  if (!opened.ok) return { stopped: opened.refusal.code };
  const refused = judgeLanding(opened.value.statement, { ...genuineFacts(), ...facts });
  return refused ? { stopped: refused.refusal.code } : { through: `accepted ${JSON.stringify(opened.value.statement)}` };
};

attackFamily("proofs: edited statements", EDITED, judge);
attackFamily("proofs: keys and signatures", KEYS, judge);
attackFamily("proofs: forms of envelopes", FORMS, judge);
attackFamily("proofs: replayed statements", REPLAYED, judge);

test("the genuine statement passes", () => {
  expect(judge({ offer: () => ({}) })).toEqual({ through: expect.stringContaining("accepted") });
});
