import { execFile, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { runInitCommand } from "../../src/cli/init-command.ts";
import { startForge } from "../../src/local-github/api/start-forge.ts";
import { readLedgerKeys } from "../../src/storage/ledger/ledger-keys.ts";
import { quickRunner } from "../stories/quick-runner.ts";
import { after } from "../support/after.ts";
import { createAskedTerminal } from "../support/asked-terminal.ts";
import { makeRepository, openTerminal } from "./stage.ts";

/**
 * Acts as `gh` in a directory: `calls` has the arguments of each call, `stdin` the input of the last `secret set`, `secrets` a file for each
 * secret, `policy` and `rules` GitHub's settings of the environment.
 */
const FAKE_GH = `#!/bin/sh
echo "$@" >> "$GH_PLACE/calls"
case "$1 $2" in
  "auth token") test -e "$GH_PLACE/login" ;;
  "secret list") ls "$GH_PLACE/secrets" ;;
  "secret set") cat > "$GH_PLACE/stdin"; if test -e "$GH_PLACE/refuses"; then echo "HTTP 403: no" >&2; exit 1; fi; touch "$GH_PLACE/secrets/$3" ;;
  "api --hostname") case "$*" in
    *--method*) cat >> "$GH_PLACE/settings"; echo >> "$GH_PLACE/settings" ;;
    *deployment-branch-policies*) cat "$GH_PLACE/rules" ;;
    *) cat "$GH_PLACE/policy" ;;
  esac ;;
esac
`;

/** Sets up a person in a clone of a repository on a local GitHub, with the program `gh`. */
const open = async () => {
  const terminal = openTerminal();
  const script = (): never => {
    throw new Error("no job runs here");
  };
  const runner = quickRunner({ directory: join(terminal.root, "jobs"), script });
  const directory = join(terminal.root, "forge");
  const forge = await startForge({ directory, port: 0, now: () => 1_800_000_000_000, random: () => 0.5, after, runner });
  onTestFinished(() => forge.close());
  const token = forge.createUser("ada");
  await forge.createRepository({ owner: "octo", name: "demo" });
  forge.setPermission({ owner: "octo", name: "demo" }, { login: "ada", role: "admin" });
  const cwd = join(terminal.root, "own");
  const git = makeRepository(cwd, { "go.mod": "module a\n" });
  git("remote", "add", "origin", `${forge.url.replace("//", `//x-access-token:${token}@`)}/octo/demo.git`);
  const push = (ref: string): Promise<unknown> => promisify(execFile)("git", ["push", "-q", "origin", `HEAD:${ref}`], { cwd });
  await push("refs/heads/main");
  const place = join(terminal.root, "gh");
  mkdirSync(join(place, "secrets"), { recursive: true });
  writeFileSync(join(place, "gh"), FAKE_GH);
  chmodSync(join(place, "gh"), 0o755);
  writeFileSync(join(place, "login"), "");
  const read = (name: string): string => (existsSync(join(place, name)) ? readFileSync(join(place, name), "utf8") : "");
  const env = { PATH: `${place}:${process.env["PATH"] ?? ""}`, GH_PLACE: place };
  return {
    host: new URL(forge.url).host,
    url: `${forge.url}/octo/demo`,
    token,
    git,
    push,
    read,
    terminal,
    cwd,
    has: (name: string, text = ""): void => writeFileSync(join(place, name), text),
    init: (...args: string[]) => terminal.call(["init", "--yes", ...args], { cwd, env }),
    /** Runs init: accepts the detected commands, agrees to each file, and gives this answer to the question about the key. */
    converse: async (answer: string): Promise<{ code: number; out: string }> => {
      const answers = [
        [/^Create a key/, answer],
        [/^(?:Create|Update) \./, "y"],
        [/^(?:Which|What) /, ""],
      ] as const;
      let out = "";
      const root = new URL("../..", import.meta.url).pathname;
      const asked = createAskedTerminal({ cwd, env: { ...process.env, ...env }, root }, (text) => {
        out += text;
        return answers.find(([question]) => question.test(text))?.[1] ?? null;
      });
      const code = await runInitCommand([], asked);
      return { code, out };
    },
  };
};

const KEY = /-----BEGIN PRIVATE KEY-----[^]*-----END PRIVATE KEY-----/;

test("--ledger-key hands a new key to gh alone, in an environment for the default branch, and the key signs a ledger", async () => {
  const { init, read, host, url, token, push, git, terminal, cwd } = await open();
  const { code, out, err } = await init("--ledger-key");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(read("calls").trim().split("\n")).toEqual([
    `auth token --hostname ${host}`,
    `secret list --repo ${host}/octo/demo`,
    `secret list --repo ${host}/octo/demo --env enki`,
    `api --hostname ${host} repos/octo/demo/environments/enki --jq .deployment_branch_policy`,
    `api --hostname ${host} --method PUT repos/octo/demo/environments/enki --input - --silent`,
    `api --hostname ${host} --method POST repos/octo/demo/environments/enki/deployment-branch-policies --input - --silent`,
    `secret list --repo ${host}/octo/demo`,
    `secret list --repo ${host}/octo/demo --env enki`,
    `secret set ENKI_LEDGER_KEY --repo ${host}/octo/demo --env enki`,
  ]);
  expect(
    read("settings")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([{ deployment_branch_policy: { protected_branches: false, custom_branch_policies: true } }, { name: "main" }]);
  const pem = read("stdin");
  expect(pem).toMatch(KEY);
  const keys = readLedgerKeys(pem);
  const shown = /Its public key: (ssh-ed25519 \S+)$/m.exec(out)?.[1];
  expect(keys.ok && keys.value.publicKeys).toEqual([shown]);
  const secret = pem.split("\n")[1] ?? "";
  expect(`${out}${err}`).not.toContain(secret);
  // Neither the work tree nor the directory for temporary files has the key.
  const searched = spawn("grep", ["-rlF", secret, cwd, join(terminal.root, "tmp"), join(terminal.root, "home")]);
  expect(await new Promise((resolve) => searched.once("close", resolve))).toBe(1);
  expect(readdirSync(join(terminal.root, "tmp"))).toEqual([]);

  await push("refs/enki/ledger");
  const env = { ENKI_LEDGER_KEY: pem, GITHUB_TOKEN: token };
  const signed = await terminal.call(["ledger", "sign", url, git("rev-parse", "HEAD")], { env });
  expect(signed).toMatchObject({ code: 0, out: `The ledger of octo/demo is signed with ${shown}\n` });
});

const CUSTOM = '{"custom_branch_policies":true,"protected_branches":false}\n';

test.each([
  ["every protected branch", '{"custom_branch_policies":false,"protected_branches":true}', "[]"],
  ["`*`", CUSTOM, '[{"name":"*","type":"branch"}]'],
  ["`task/*`, the tag `main`", CUSTOM, '[{"name":"main","type":"branch"},{"name":"task/*"},{"name":"main","type":"tag"}]'],
])("--ledger-key stores no key in an environment that shows its secrets to %s", async (readers, policy, rules) => {
  const { init, has, read } = await open();
  has("policy", policy);
  has("rules", rules);
  const { code, err } = await init("--ledger-key");
  expect(code).toBe(1);
  expect(err).toContain(
    `The ledger's key was not stored: the environment \`enki\` shows its secrets to ${readers}, so leave only \`main\` in Settings › Environments › enki first.`,
  );
  expect(read("calls")).not.toMatch(/secret set|--method/);
});

test.each([
  ["that only the default branch may use", CUSTOM, '[{"name":"main","type":"branch"}]', ""],
  ["whose rules name no branch yet", CUSTOM, "[]", '{"name":"main"}'],
  [
    "that is open",
    "null",
    "[]",
    '{"deployment_branch_policy":{"protected_branches":false,"custom_branch_policies":true}}\n{"name":"main"}',
  ],
])("--ledger-key leaves an environment %s to the default branch alone", async (_, policy, rules, changes) => {
  const { init, has, read } = await open();
  has("policy", policy);
  has("rules", rules);
  expect(await init("--ledger-key")).toMatchObject({ code: 0, err: "" });
  expect(read("settings").trim()).toBe(changes);
  expect(read("calls")).toContain("secret set ENKI_LEDGER_KEY");
});

test("--ledger-key stores no key if GitHub does not say who reads the environment", async () => {
  const { init, has, read } = await open();
  has("policy", CUSTOM);
  expect((await init("--ledger-key")).err).toContain("gh does not show which branches may read the secrets of the environment `enki`");
  expect(read("calls")).not.toContain("secret set");
});

test("--ledger-key never replaces a key, also that of an App, and asks nothing of gh for an App that is a service", async () => {
  for (const name of ["ENKI_LEDGER_KEY", "ENKI_APP_KEY"]) {
    const { init, read, has } = await open();
    has(`secrets/${name}`);
    expect(await init("--ledger-key")).toMatchObject({
      code: 0,
      out: expect.stringContaining("exists already; it was not changed") as unknown,
    });
    expect(read("calls")).not.toContain("secret set");
  }
  const { init, read } = await open();
  expect(await init("--ledger-key", "--app")).toMatchObject({
    code: 0,
    out: expect.stringContaining("the App signs the ledger") as unknown,
  });
  expect(read("calls")).toBe("");
});

test.each([
  ["y", "yes", /^secret set ENKI_LEDGER_KEY /m],
  ["n", "no", /^auth token \S+ \S+\n(?:secret list .*\n)+$/],
])("at a terminal, init asks after the files whether to create the key; %s means %s", async (answer, _, calls) => {
  const { converse, read } = await open();
  const { code, out } = await converse(answer);
  expect(code).toBe(0);
  expect(out).toMatch(/wrote \.enki\/enki\.toml[^]*Create a key with which Enki's jobs sign the ledger[^]*Next:/);
  expect(read("calls")).toMatch(calls);
});

test("without the option, init asks gh nothing; with --repository-secret the key is a secret of the repository", async () => {
  const { init, read } = await open();
  expect((await init()).code).toBe(0);
  expect(read("calls")).toBe("");
  expect((await init("--ledger-key", "--repository-secret")).code).toBe(0);
  expect(read("calls")).toMatch(/^secret set ENKI_LEDGER_KEY --repo \S+$/m);
  expect(read("calls")).not.toContain("enki ");
  expect(read("settings")).toBe("");
});

test.each([
  ["there is no gh", "gh is missing, or not signed in to ", ""],
  ["GitHub refuses the secret", "HTTP 403: no", "refuses"],
])("if %s, init prints the line that stores a key and removes its files", async (_, reason, state) => {
  const { init, has, host, terminal, cwd } = await open();
  if (state !== "") has(state);
  const ended = state === "" ? await terminal.call(["init", "--yes", "--ledger-key"], { cwd }) : await init("--ledger-key");
  expect(ended.code).toBe(1);
  expect(ended.err).toContain(`The ledger's key was not stored: ${reason}`);
  expect(ended.err).toContain(
    `  ssh-keygen -q -t ed25519 -N '' -f ledger-key && gh secret set ENKI_LEDGER_KEY --repo ${host}/octo/demo --env enki < ledger-key; rm -f ledger-key ledger-key.pub\n`,
  );
  expect(ended.err).not.toMatch(KEY);
  expect(ended.out).toContain("Next:");
});

test("--dry-run creates no key", async () => {
  const { init, read } = await open();
  expect((await init("--dry-run", "--ledger-key")).code).toBe(0);
  await init();
  expect((await init("--dry-run", "--ledger-key")).code).toBe(0);
  expect(read("calls")).toBe("");
});

test("a ledger that exists already needs a person with the key", async () => {
  const { init, read, push } = await open();
  await push("refs/enki/ledger");
  const { code, err } = await init("--ledger-key");
  expect(code).toBe(1);
  expect(err).toContain("the ledger exists already, so a person with the key must sign it once");
  expect(err).toMatch(
    /export ENKI_LEDGER_KEY="\$\(cat ledger-key\)"; rm -f ledger-key ledger-key\.pub; enki ledger sign https:\/\/\S+\/octo\/demo$/m,
  );
  expect(read("calls")).not.toContain("secret set");
});
