// Writes `dist/sbom.cdx.json`, or the file named as argument: the packages in the bundles with their versions, licenses and hashes, as CycloneDX. `npm sbom --omit dev`
// would list none of them, because the published package has no dependencies.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { listBundledPackages } from "./bundled-packages.mjs";

const target = process.argv[2] ?? "dist/sbom.cdx.json";
const bundled = listBundledPackages("dist", "package-lock.json");
const npm = execFileSync("npm", ["sbom", "--sbom-format", "cyclonedx", "--package-lock-only"], {
  encoding: "utf8",
  maxBuffer: 100_000_000,
  shell: process.platform === "win32",
});
const { components, dependencies, ...bill } = JSON.parse(npm);
const toName = ({ group, name, version }) => `${group === undefined ? name : `${group}/${name}`}@${version}`;
const shipped = components.filter((component) => bundled.has(toName(component)));
const kept = new Set([bill.metadata.component["bom-ref"], ...shipped.map((component) => component["bom-ref"])]);
const related = dependencies
  .filter(({ ref }) => kept.has(ref))
  .map((each) => ({ ...each, dependsOn: (each.dependsOn ?? []).filter((ref) => kept.has(ref)) }));
// Npm names the product after its working directory.
bill.metadata.component.name = JSON.parse(readFileSync("package.json", "utf8")).name;
// The bundles contain these packages, so they are required even though npm marks them as development tools.
for (const component of shipped) {
  delete component.scope;
  component.properties = component.properties?.filter(({ name }) => name !== "cdx:npm:package:development");
}
writeFileSync(target, `${JSON.stringify({ ...bill, components: shipped, dependencies: related }, null, 2)}\n`);
console.log(`${target}: ${shipped.length} packages`);
