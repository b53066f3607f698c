import { generateKeyPairSync } from "node:crypto";

let key: string | null = null;

/**
 * The private key of an App, created once for the test files of a worker, because its creation takes 0.2 seconds. Apps with the same key have
 * the same client secret.
 */
export const appKey = (): string =>
  (key ??= generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey.export({ type: "pkcs1", format: "pem" }).toString());
