import { generateKeyPairSync } from "node:crypto";

let key: string | null = null;

/** The private key of an App, made once for all test files of a worker, because it takes 0.2 seconds. Apps with the same key have the same client secret. */
export const appKey = (): string =>
  (key ??= generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey.export({ type: "pkcs1", format: "pem" }).toString());
