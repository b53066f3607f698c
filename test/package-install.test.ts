import { spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PRODUCT } from "../src/core/domain/product.ts";
import { ROOT, usePackage } from "./package-stage.ts";

const { place, call, npm } = usePackage();

test("the build prints no warning, bundles evaluate no text, and bundles elsewhere leave `dist` as it is", () => {
  const files = readdirSync(join(ROOT, "dist"));
  const built = call(process.execPath, [join(ROOT, "scripts/build.mjs"), "--force"], {
    cwd: ROOT,
    env: { ENKI_BUNDLES: join(place.outside, "bundles") },
  });
  expect(readdirSync(join(ROOT, "dist"))).toEqual(files);
  expect(built).toMatchObject({ status: 0, stderr: "" });
  expect(built.stdout).not.toMatch(/warn|EVAL/i);
});

test("npx git+file://… of a release's tag, which has nothing to build", () => {
  const repository = join(place.outside, "released");
  expect(JSON.parse(readFileSync(join(repository, "package.json"), "utf8"))).not.toHaveProperty("devDependencies");
  for (const args of [
    ["init", "--quiet"],
    ["add", "--all", "--force"],
    ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "--quiet", "-m", "Release"],
    ["tag", "v1"],
  ])
    expect(call("git", args, { cwd: repository })).toMatchObject({ status: 0 });
  const run = npm(["exec", "--yes", "--package", `git+file://${repository}#v1`, "--", "enki", "--version"]);
  expect(run).toMatchObject({ status: 0, stdout: `enki ${PRODUCT.version}\n` });
});

/** Starts a registry on loopback with a single package, for the README's own commands. Calls block, so the registry has a process of its own. */
const startRegistry = (): { url: string; stop: () => void } => {
  const script = join(place.outside, "registry.mjs");
  writeFileSync(
    script,
    `import { createServer } from "node:http";
import { readFileSync, writeFileSync } from "node:fs";
const [, , name, version, tarball, ready] = process.argv;
const server = createServer((request, response) => {
  if (request.url.endsWith(".tgz")) return response.end(readFileSync(tarball));
  const dist = { tarball: "http://127.0.0.1:" + server.address().port + "/enki.tgz" };
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ name, "dist-tags": { latest: version }, versions: { [version]: { name, version, bin: { enki: "bin/enki.cjs" }, dist } } }));
});
server.listen(0, "127.0.0.1", () => writeFileSync(ready, String(server.address().port)));
`,
  );
  const ready = join(place.outside, "registry.port");
  const child = spawn(process.execPath, [script, PRODUCT.packageName, PRODUCT.version, place.tarball, ready], { stdio: "ignore" });
  const waited = call("bash", ["-c", `for i in $(seq 200); do [ -s '${ready}' ] && exit 0; sleep 0.05; done; exit 1`]);
  expect(waited.status).toBe(0);
  return { url: `http://127.0.0.1:${readFileSync(ready, "utf8")}/`, stop: () => child.kill() };
};

test(
  "the first shell block of the README, word for word in an empty directory: install, and the demo to its end",
  { timeout: 600_000 },
  () => {
    const [, block = ""] = /^```sh\n([^]*?)^```$/m.exec(readFileSync(join(ROOT, "README.md"), "utf8")) ?? [];
    expect(block.split("\n")[0]).toBe(`npm install --global ${PRODUCT.packageName}`);
    const registry = startRegistry();
    try {
      const prefix = join(place.outside, "global");
      const env = {
        PATH: `${join(prefix, "bin")}:${process.env["PATH"] ?? ""}`,
        npm_config_registry: registry.url,
        npm_config_prefix: prefix,
        npm_config_audit: "false",
      };
      const played = call("sh", ["-e", "-c", block], { env });
      expect({ ...played, stdout: played.status === 0 ? "" : played.stdout.slice(-2_000) }).toMatchObject({
        status: 0,
        stderr: "",
        stdout: "",
      });
      expect(played.stdout).toContain("The agent plays a rehearsal");
    } finally {
      registry.stop();
    }
  },
);
