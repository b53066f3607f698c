import { createPublicKey, diffieHellman, generateKeyPairSync } from "node:crypto";
import { hashNonce } from "../../src/local-github/api/blake2b.ts";
import { authenticate, deriveSubkey, xorStream } from "../../src/local-github/api/xsalsa20-poly1305.ts";

/** Seals a secret for a public key in base64, as clients of GitHub do with `crypto_box_seal` of libsodium. */
export const sealSecret = (key: string, text: string): string => {
  const recipient = Buffer.from(key, "base64");
  const der = Buffer.concat([Buffer.from("302a300506032b656e032100", "hex"), recipient]);
  const sender = generateKeyPairSync("x25519");
  const own = sender.publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const shared = diffieHellman({ privateKey: sender.privateKey, publicKey: createPublicKey({ key: der, format: "der", type: "spki" }) });
  const nonce = hashNonce(Buffer.concat([own, recipient]));
  const subkey = deriveSubkey(deriveSubkey(shared, Buffer.alloc(16)), nonce.subarray(0, 16));
  const stream = xorStream(subkey, nonce.subarray(16), Buffer.concat([Buffer.alloc(32), Buffer.from(text)]));
  const sealed = stream.subarray(32);
  return Buffer.concat([own, authenticate(stream.subarray(0, 32), sealed), sealed]).toString("base64");
};
