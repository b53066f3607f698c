import { fileURLToPath } from "node:url";

/** The command line as it is installed; `npm test` builds it first. */
export const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
