import { sign, verify } from "node:crypto";
import { type EnvelopeSignature, PAYLOAD_TYPE, toSignedEnvelopeBytes } from "../../core/proof/proof-envelope.ts";
import type { ProofKey } from "../../core/proof/verify-proof.ts";
import { formatFingerprint, readSshKeys, type SshKey } from "../git/ssh-key.ts";

/** Signs a statement; throws without the secret half. */
export const signStatement = (key: SshKey, statement: Buffer): EnvelopeSignature => {
  if (!key.secret) throw new Error("a public key signs nothing");
  return { keyid: formatFingerprint(key), sig: sign(null, toSignedEnvelopeBytes(PAYLOAD_TYPE, statement), key.secret) };
};

/** Reads keys for verification from a text of public or private keys; a text with anything else is refused with null. */
export const readProofKeys = (text: string): readonly ProofKey[] | null =>
  readSshKeys(text)?.map((key) => ({
    id: formatFingerprint(key),
    isSigned: (message, signature) => verify(null, message, key.public, signature),
  })) ?? null;
