import { spawnSync } from "node:child_process";

const user = process.getuid?.() === 0 ? [] : ["--user", "--map-current-user"];
/** Containers may forbid namespaces; then jobs are kept apart by their directories and environment only. */
export const hasNamespaces = spawnSync("unshare", [...user, "--pid", "--fork", "--mount-proc", "true"]).status === 0;
