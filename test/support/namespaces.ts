import { spawnSync } from "node:child_process";

const user = process.getuid?.() === 0 ? [] : ["--user", "--map-current-user"];
/** Containers may forbid namespaces; only directories and environments then separate jobs. */
export const hasNamespaces = spawnSync("unshare", [...user, "--pid", "--fork", "--mount-proc", "true"]).status === 0;
