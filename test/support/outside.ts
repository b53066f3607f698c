import { spawn } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export type Called = { readonly code: number | null; readonly out: string };
export type CallOptions = {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Answers in a terminal of its own: returns the text to type after a question, which ends with `] `. */
  readonly answer?: (question: string) => string;
};

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Runs a command line in a shell. Asynchronous, because the local GitHub lives in this process. */
const callShell = (
  line: string,
  { cwd, env, input, answer }: CallOptions & { readonly cwd: string },
): { child: ReturnType<typeof spawn>; printed: () => string; ended: Promise<Called> } => {
  const words = answer ? ["script", "-qec", line, "/dev/null"] : ["sh", "-e", "-c", line];
  const child = spawn(words[0] ?? "", words.slice(1), { cwd, env: { ...env }, stdio: ["pipe", "pipe", "pipe"] });
  let [out, read] = ["", 0];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      out += text;
      const asked = out.slice(read);
      if (!answer || !asked.endsWith("] ")) return;
      read = out.length;
      child.stdin.write(`${answer(asked)}\n`);
    });
  // A program without input may already have ended.
  child.stdin.on("error", () => undefined);
  if (!answer) child.stdin.end(input ?? "");
  return { child, printed: () => out, ended: new Promise((resolve) => child.once("close", (code) => resolve({ code, out }))) };
};

type ServedPackage = {
  readonly name: string;
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly tarball: Buffer;
};

/** Starts a registry on loopback with only these packages. */
const startRegistry = async (packages: readonly ServedPackage[]) => {
  const server = createServer((request, response) => {
    const name = decodeURIComponent((request.url ?? "").slice(1));
    const found = packages.find((each) => name === each.name || name === `${each.name}.tgz`);
    if (!found) return response.writeHead(404).end("{}");
    if (name.endsWith(".tgz")) return response.end(found.tarball);
    const { version, bin } = found;
    const dist = { tarball: `http://${request.headers.host ?? ""}/${encodeURIComponent(found.name)}.tgz` };
    const versions = { [version]: { name: found.name, version, bin, dist } };
    return response
      .setHeader("content-type", "application/json")
      .end(JSON.stringify({ name: found.name, "dist-tags": { latest: version }, versions }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => new Promise<void>((resolve) => server.close(() => resolve()).closeAllConnections()),
  };
};

export type StandIn = { readonly package: string; readonly version: string; readonly program: string; readonly file: string };

/**
 * Creates an empty directory outside of the clone, for a person with only node, npm and git. Npm knows the package of this clone and a stand-in
 * for an agent's package. Global installs go into this directory, in the person's shell and in jobs.
 */
export const openOutside = async (standIn: StandIn) => {
  // Jobs have their own directory for temporary files, so programs in the machine's would be missing for them.
  const caches = join(homedir(), ".cache");
  mkdirSync(caches, { recursive: true });
  const root = realpathSync(mkdtempSync(join(caches, "enki-outside-")));
  chmodSync(root, 0o755);
  const [bin, prefix, home, temporary] = ["bin", "global", "home", "tmp"].map((name) => join(root, name)) as [
    string,
    string,
    string,
    string,
  ];
  for (const directory of [bin, prefix, home, temporary]) mkdirSync(directory);
  const path = [bin, join(prefix, "bin"), process.env["PATH"] ?? ""].join(":");
  const base = { PATH: path, HOME: home, TMPDIR: temporary, SHELL: "/bin/sh", TERM: "xterm" };
  const run = (line: string, { cwd = root, env, ...options }: CallOptions = {}): Promise<Called> =>
    callShell(line, { cwd, ...options, env: { ...base, ...env } }).ended;
  const npmCli = realpathSync(join(process.execPath, "../npm"));
  symlinkSync(process.execPath, join(bin, "node"));
  const pack = async (directory: string): Promise<Buffer> => {
    const packed = await run(`npm pack --ignore-scripts --offline --silent --pack-destination ${quote(root)}`, { cwd: directory });
    return readFileSync(join(root, packed.out.trim().split("\n").at(-1) ?? ""));
  };
  const writeNpm = (registry: string): void =>
    writeFileSync(
      join(bin, "npm"),
      `#!/bin/sh\nexport npm_config_registry=${registry} npm_config_prefix=${quote(prefix)} npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false\nexec node ${quote(npmCli)} "$@"\n`,
      { mode: 0o755 },
    );
  writeNpm("http://127.0.0.1:9/");
  // A release differs from the clone only in its package.json, as in `release.yml`.
  const released = join(root, "released");
  mkdirSync(released);
  writeFileSync(join(root, "clone.tgz"), await pack(ROOT));
  await run("tar -xzf ../clone.tgz --strip-components 1", { cwd: released });
  await run(`node ${quote(join(ROOT, "scripts/release-manifest.mjs"))}`, { cwd: released });
  const manifest = JSON.parse(readFileSync(join(released, "package.json"), "utf8")) as {
    name: string;
    version: string;
    bin: Record<string, string>;
  };
  const agent = join(root, "agent");
  mkdirSync(agent);
  cpSync(standIn.file, join(agent, "program.mjs"));
  writeFileSync(join(agent, "program"), `#!/bin/sh\nexec '${process.execPath}' "$(dirname "$(readlink -f "$0")")/program.mjs" "$@"\n`, {
    mode: 0o755,
  });
  const agentBin = { [standIn.program]: "program" };
  writeFileSync(join(agent, "package.json"), JSON.stringify({ name: standIn.package, version: standIn.version, bin: agentBin }));
  const registry = await startRegistry([
    { name: manifest.name, version: manifest.version, bin: manifest.bin, tarball: await pack(released) },
    { name: standIn.package, version: standIn.version, bin: agentBin, tarball: await pack(agent) },
  ]);
  writeNpm(registry.url);
  for (const name of readdirSync(root)) if (/\.tgz$|^released$|^agent$/.test(name)) rmSync(join(root, name), { recursive: true });
  return {
    root,
    path,
    home,
    node: join(bin, "node"),
    installed: join(prefix, "lib/node_modules", manifest.name),
    run,
    /** Starts a long-running program. */
    start: (line: string, { cwd = root, env }: CallOptions = {}) => callShell(`exec ${line}`, { cwd, env: { ...base, ...env } }),
    close: async (): Promise<void> => {
      await registry.close();
      rmSync(root, { recursive: true, force: true, maxRetries: 10 });
    },
  };
};
