import { createPublicKey, diffieHellman, generateKeyPairSync } from "node:crypto";
import { createBoxCipher } from "../../src/local-github/api/sealed-box.ts";

/** Seals a secret for a public key in base64, like GitHub's clients with `crypto_box_seal` of libsodium. */
export const sealSecret = (key: string, text: string): string => {
  const recipient = Buffer.from(key, "base64");
  const der = Buffer.concat([Buffer.from("302a300506032b656e032100", "hex"), recipient]);
  const own = generateKeyPairSync("x25519");
  const sender = own.publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const shared = diffieHellman({ privateKey: own.privateKey, publicKey: createPublicKey({ key: der, format: "der", type: "spki" }) });
  return Buffer.concat([sender, createBoxCipher(shared, { sender, recipient }).encrypt(Buffer.from(text))]).toString("base64");
};
