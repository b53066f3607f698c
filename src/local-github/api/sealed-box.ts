import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject, timingSafeEqual } from "node:crypto";
import { hashNonce } from "./blake2b.ts";
import { authenticate, deriveSubkey, xorStream } from "./xsalsa20-poly1305.ts";

/** The keys with which clients seal secrets, as `crypto_box_seal` of libsodium does: https://doc.libsodium.org/public-key_cryptography/sealed_boxes */
export type SealingKeys = { readonly publicKey: Buffer; readonly privateKey: KeyObject };

const KEY_BYTES = 32;
const MAC_BYTES = 16;
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

/** Opens a sealed box; null if the box is not sealed for these keys. */
export const openSealedBox = ({ publicKey, privateKey }: SealingKeys, sealed: Buffer): Buffer | null => {
  if (sealed.length < KEY_BYTES + MAC_BYTES) return null;
  const sender = sealed.subarray(0, KEY_BYTES);
  const shared = agree(privateKey, sender);
  if (shared === null) return null;
  const nonce = hashNonce(Buffer.concat([sender, publicKey]));
  const key = deriveSubkey(deriveSubkey(shared, Buffer.alloc(16)), nonce.subarray(0, 16));
  const mac = sealed.subarray(KEY_BYTES, KEY_BYTES + MAC_BYTES);
  const text = sealed.subarray(KEY_BYTES + MAC_BYTES);
  // The stream begins with the key of the code that authenticates the text.
  const stream = xorStream(key, nonce.subarray(16), Buffer.concat([Buffer.alloc(KEY_BYTES), text]));
  return timingSafeEqual(authenticate(stream.subarray(0, KEY_BYTES), text), mac) ? stream.subarray(KEY_BYTES) : null;
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
