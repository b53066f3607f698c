// Looks up known vulnerabilities of the packages in the bundles in npm's database and fails on high and critical ones. Vulnerabilities of build
// and test tools are printed only. Without the database or a network, the check is skipped with a message: https://osv.dev has the same data.
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

/** Whether a bundle contains code of a vulnerable installed version. */
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
