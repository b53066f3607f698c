// Asks npm's database for known faults of the packages in the bundles, and fails on high and critical ones. Faults of the tools that build
// and test are printed. Where the registry has no such database, or there is no network, says so and passes: https://osv.dev has the same data.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { listBundledPackages } from "./bundled-packages.mjs";

const { stdout } = spawnSync("npm", ["audit", "--json"], { encoding: "utf8", timeout: 60_000, shell: process.platform === "win32" });

const readReport = () => {
  try {
    return JSON.parse(stdout);
  } catch {
    return {};
  }
};

const lockFile = "package-lock.json";
const bundled = listBundledPackages("dist", lockFile);
const { packages } = JSON.parse(readFileSync(lockFile, "utf8"));

/** Whether a bundle has code of one of the installed versions with the fault. */
const isBundled = ({ name, nodes }) => nodes.some((path) => bundled.has(`${name}@${packages[path]?.version}`));

const { metadata, vulnerabilities = {}, message } = readReport();
if (metadata?.vulnerabilities === undefined) {
  const reason = typeof message === "string" && message !== "" ? `answered: ${message}` : "did not answer";
  console.log(`audit: skipped, because the registry ${reason}; look the lock file up at https://osv.dev instead`);
} else {
  const faults = Object.values(vulnerabilities);
  const shipped = faults.filter(isBundled);
  const serious = shipped.filter(({ severity }) => severity === "high" || severity === "critical");
  console.log(`audit: ${bundled.size} packages in the bundles, ${shipped.length} known faults, ${serious.length} of them high or critical`);
  for (const fault of faults) {
    console.log(`audit: ${fault.name} ${fault.range}: ${fault.severity}${isBundled(fault) ? "" : ", in no bundle"}`);
  }
  process.exitCode = serious.length > 0 ? 1 : 0;
}
