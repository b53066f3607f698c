// Asks npm's database for known faults of the packages that Enki ships. Fails on high and critical ones. Where the registry has no such
// database, or there is no network, says so and passes: https://osv.dev has the same data.
import { spawnSync } from "node:child_process";

const args = ["audit", "--omit=dev", "--audit-level=high", "--json"];
const { stdout } = spawnSync("npm", args, { encoding: "utf8", timeout: 60_000, shell: process.platform === "win32" });

const readReport = () => {
  try {
    return JSON.parse(stdout);
  } catch {
    return {};
  }
};

const { metadata, vulnerabilities = {} } = readReport();
if (metadata?.vulnerabilities === undefined) {
  console.log("audit: skipped, because the registry did not answer; look the lock file up at https://osv.dev instead");
} else {
  const { high, critical, total } = metadata.vulnerabilities;
  console.log(`audit: ${total} known faults, ${high + critical} of them high or critical`);
  for (const { name, severity, range } of Object.values(vulnerabilities)) console.log(`audit: ${name} ${range}: ${severity}`);
  process.exitCode = high + critical > 0 ? 1 : 0;
}
