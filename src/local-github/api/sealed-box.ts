import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from "node:crypto";
import { hsalsa, xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import { blake2b } from "@noble/hashes/blake2.js";

/** The keys with which clients seal secrets, as `crypto_box_seal` of libsodium does: https://doc.libsodium.org/public-key_cryptography/sealed_boxes */
export type SealingKeys = { readonly publicKey: Buffer; readonly privateKey: KeyObject };

const KEY_BYTES = 32;
const MAC_BYTES = 16;
const NONCE_BYTES = 24;
const SPKI_PREFIX = Buffer.from("302a300506032b656e032100", "hex");
const PKCS8_PREFIX = Buffer.from("302e020100300506032b656e04220420", "hex");

const readRawKey = (key: KeyObject): Buffer => key.export({ format: "der", type: "spki" }).subarray(-KEY_BYTES);

export const createSealingKeys = (): SealingKeys => {
  const { publicKey, privateKey } = generateKeyPairSync("x25519");
  return { publicKey: readRawKey(publicKey), privateKey };
};

/** The keys of 32 bytes that libsodium stores as a private key. */
export const readSealingKeys = (bytes: Buffer): SealingKeys => {
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, bytes]), format: "der", type: "pkcs8" });
  return { publicKey: readRawKey(createPublicKey(privateKey)), privateKey };
};

/** "expand 32-byte k", as four little-endian words. */
const SIGMA = Uint32Array.of(0x61707865, 0x3320646e, 0x79622d32, 0x6b206574);

/** Key and nonce of a box: the key is derived from the shared secret of sender and recipient, the nonce from both public keys. */
export const createBoxCipher = (shared: Buffer, { sender, recipient }: { readonly sender: Buffer; readonly recipient: Buffer }) => {
  const secret = new Uint32Array(new Uint8Array(shared).buffer);
  const key = new Uint32Array(KEY_BYTES / 4);
  hsalsa(SIGMA, secret, new Uint32Array(4), key);
  const nonce = blake2b(Buffer.concat([sender, recipient]), { dkLen: NONCE_BYTES });
  return xsalsa20poly1305(new Uint8Array(key.buffer), nonce);
};

/** Opens a sealed box; null if the box is not sealed for these keys. */
export const openSealedBox = ({ publicKey: recipient, privateKey }: SealingKeys, sealed: Buffer): Buffer | null => {
  if (sealed.length < KEY_BYTES + MAC_BYTES) return null;
  const sender = sealed.subarray(0, KEY_BYTES);
  const shared = agree(privateKey, sender);
  if (shared === null) return null;
  try {
    return Buffer.from(createBoxCipher(shared, { sender, recipient }).decrypt(sealed.subarray(KEY_BYTES)));
  } catch {
    // The authentication code belongs to another text or key.
    return null;
  }
};

/** The shared secret with a sender; null for a point of low order, which OpenSSL refuses. */
const agree = (privateKey: KeyObject, sender: Buffer): Buffer | null => {
  try {
    const publicKey = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, sender]), format: "der", type: "spki" });
    return diffieHellman({ privateKey, publicKey });
  } catch {
    return null;
  }
};
