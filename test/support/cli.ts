import { fileURLToPath } from "node:url";

/** The installed command line; `npm test` builds it first. */
export const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
