import { z } from "zod";
import { toCanonicalJson } from "../domain/ids.ts";
import { parseJson } from "../domain/parse-json.ts";

/** DSSE envelopes (https://github.com/secure-systems-lab/dsse) in one form: canonical JSON, at most one signature. */

export const PAYLOAD_TYPE = "application/vnd.in-toto+json";

/** A statement about a landing of fifty steps has about 50,000 bytes. */
export const MAX_ENVELOPE_BYTES = 1_000_000;

const envelopeSchema = z.strictObject({
  payload: z.string(),
  payloadType: z.string(),
  signatures: z.array(z.strictObject({ keyid: z.string(), sig: z.string() })),
});

export type EnvelopeSignature = { readonly keyid: string; readonly sig: Buffer };

export type ProofEnvelope = {
  readonly payloadType: string;
  readonly payload: Buffer;
  readonly signatures: readonly EnvelopeSignature[];
};

/** The bytes below a signature, with the type of the payload: they differ from those of every commit. */
export const toSignedEnvelopeBytes = (payloadType: string, payload: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `), payload]);

/** Equal envelopes have equal bytes. */
export const formatEnvelope = ({ payloadType, payload, signatures }: ProofEnvelope): string =>
  `${toCanonicalJson({
    payload: payload.toString("base64"),
    payloadType,
    signatures: signatures.map(({ keyid, sig }) => ({ keyid, sig: sig.toString("base64") })),
  })}\n`;

/** Reads an envelope. `other-form`: readable, but not as {@link formatEnvelope} writes it, for example with a field named twice. */
export const readEnvelope = (bytes: Buffer): ProofEnvelope | "broken" | "other-form" => {
  if (bytes.length > MAX_ENVELOPE_BYTES) return "broken";
  const parsed = envelopeSchema.safeParse(parseJson(bytes.toString("utf8")));
  if (!parsed.success) return "broken";
  const { payload, payloadType, signatures } = parsed.data;
  const envelope = {
    payloadType,
    payload: Buffer.from(payload, "base64"),
    signatures: signatures.map(({ keyid, sig }) => ({ keyid, sig: Buffer.from(sig, "base64") })),
  };
  return signatures.length <= 1 && Buffer.from(formatEnvelope(envelope)).equals(bytes) ? envelope : "other-form";
};
