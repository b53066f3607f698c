import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { runVerifyCommand } from "../../src/cli/verify-command.ts";
import type { TerminalHost } from "../../src/cli/terminal-host.ts";
import { after } from "../support/after.ts";
import type { OpenStage } from "./stage.ts";

const run = promisify(execFile);
let clones = 0;

/** Clones the repository with plain git, like any reader, and runs `enki verify` in the clone. */
const openPlainClone = async ({ forge, directory, owner, name, ledgerKey }: OpenStage) => {
  const token = forge.createUser("reader");
  forge.setPermission({ owner, name }, { login: "reader", role: "read" });
  const cwd = join(directory, `plain-${(clones += 1)}`);
  const header = `http.extraHeader=Authorization: Basic ${Buffer.from(`x:${token}`).toString("base64")}`;
  const git = async (...args: string[]): Promise<string> => (await run("git", args, { cwd })).stdout.trim();
  await run("git", ["-c", header, "clone", "-q", `${forge.url}/${owner}/${name}.git`, cwd]);
  await git("-c", header, "fetch", "-q", "origin", "refs/enki/*:refs/enki/*");
  const verify = async (...args: string[]): Promise<{ code: number; out: string; err: string }> => {
    const heard = { out: "", err: "" };
    const host = { cwd, after, out: (text: string) => void (heard.out += text), err: (text: string) => void (heard.err += text) };
    const code = await runVerifyCommand(["--key", ledgerKey, ...args], host as unknown as TerminalHost);
    return { code, ...heard };
  };
  return { git, verify };
};

/** Verifies `origin/main` and every commit since the first. Returns the tasks of the statements in the order of their landings. */
export const verifyLanded = async (
  stage: OpenStage,
): Promise<{ tip: number; all: number; steps: string[]; methods: string[]; text: string }> => {
  const { git, verify } = await openPlainClone(stage);
  const root = await git("rev-list", "--max-parents=0", "origin/main");
  const tip = await verify("origin/main");
  const all = await verify("--json", `${root}..origin/main`);
  type Verified = { statement?: { predicate: { landing: { method: string }; steps: { step: string }[] } } };
  const { commits } = JSON.parse(all.out) as { commits: Verified[] };
  const landings = commits.flatMap(({ statement }) => statement?.predicate ?? []);
  return {
    tip: tip.code,
    all: all.code,
    steps: landings.flatMap(({ steps }) => steps.map(({ step }) => step)),
    methods: [...new Set(landings.map(({ landing }) => landing.method))],
    text: tip.out + tip.err + all.err,
  };
};
