import { readFileSync } from "node:fs";

/** The service's configuration; throws for one that it cannot run with. */
export const readConfig = (path = new URL("../config.json", import.meta.url)) => {
  const config = JSON.parse(readFileSync(path, "utf8"));
  if (!Number.isSafeInteger(config.maxUploadBytes) || config.maxUploadBytes < 1) {
    throw new Error("maxUploadBytes must be a number of bytes");
  }
  return config;
};
