#!/usr/bin/env node
// Runs the real `gh` against a local GitHub: each command must work as on GitHub. Without `gh`, the check is skipped with the reason.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findGh, ghEnvironment } from "./find-gh.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const place = mkdtempSync(join(tmpdir(), "enki-gh-"));
const own = join(place, "own");
const WORKFLOW = `name: say
on: { workflow_dispatch: { inputs: { word: { type: string } } } }
jobs:
  say:
    runs-on: x
    environment: enki
    steps:
      - env: { KEY: "\${{ secrets.ENKI_MODEL_KEY }}", OWN: "\${{ secrets.OWN }}", WORD: "\${{ inputs.word }}" }
        run: test "$KEY/$OWN/$WORD" = "a key/grüße/a"
`;
const NO_PROTECTED = "deployment_branch_policy[protected_branches]=false";
const CUSTOM = "deployment_branch_policy[custom_branch_policies]=true";
const AUTHOR = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];

const git = (...args) => {
  const { status, stdout, stderr } = spawnSync("git", [...AUTHOR, ...args], { cwd: own, encoding: "utf8" });
  if (status !== 0) throw new Error(`git ${args.join(" ")} failed: ${stderr}`);
  return stdout.trim();
};

const makeRepository = () => {
  mkdirSync(join(own, ".github/workflows"), { recursive: true });
  writeFileSync(join(own, ".github/workflows/say.yml"), WORKFLOW);
  writeFileSync(join(own, "list.txt"), "b\na\n");
  git("init", "--quiet", "--initial-branch", "main");
  git("add", ".");
  git("commit", "--quiet", "--message", "Begin");
};

/** Starts `enki local` and reads its address and token from its record, as other commands of Enki do. */
const startLocalGitHub = async () => {
  const state = join(place, "state");
  const env = { PATH: process.env.PATH, HOME: place, TMPDIR: place, XDG_STATE_HOME: state };
  const child = spawn(process.execPath, [join(root, "dist/cli.js"), "local", "--repo", own, "--verify", "true"], { env });
  const ended = new Promise((resolve) => child.once("close", resolve));
  await new Promise((resolve, reject) => {
    let text = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (chunk) => {
        text += chunk;
        if (/Ctrl\+C/.test(text)) resolve();
      });
    void ended.then(() => reject(new Error(`enki local ended: ${text}`)));
  });
  const records = join(state, "enki/machines");
  const { url, token } = JSON.parse(readFileSync(join(records, readdirSync(records)[0]), "utf8"));
  return { url, token, stop: () => (child.kill("SIGINT"), ended) };
};

/** Commands that came with later versions of `gh`. */
const LATER = ["variable"];

/** Repeats a check until a run has ended. */
const UNTIL_END = 60;

/** Arguments of `gh`, the expected output and exit code, and the number of repetitions, one a second. */
const CHECKS = [
  [["issue", "create", "--title", "The list is not sorted", "--body", "See list.txt."], /\/issues\/1$/],
  [["issue", "comment", "1", "--body", "It should begin with a."], /\/issues\/1#issuecomment-\d+$/],
  [["issue", "view", "1"], /^title:\tThe list is not sorted\nstate:\tOPEN\nauthor:\tyou\n[^]*comments:\t1\n[^]*See list\.txt\./],
  [["issue", "view", "1", "--comments"], /It should begin with a\./],
  [["issue", "list"], /^1\tOPEN\tThe list is not sorted/],
  [["pr", "list"], /^2\tSort the list\tsort\tOPEN/],
  [["pr", "view", "2"], /^title:\tSort the list\nstate:\tOPEN\n[^]*additions:\t1\ndeletions:\t1\n/],
  [["pr", "checks", "2"], /no checks reported/, 1],
  [["pr", "review", "2", "--comment", "--body", "Looks right."], /^/],
  [["pr", "view", "2", "--comments"], /Looks right\./],
  [["pr", "review", "2", "--approve"], /Can not approve your own pull request/, 1],
  [["workflow", "list"], /^say\tactive\t\d+/m],
  [["repo", "view", "local/own"], /^name:\tlocal\/own\n/],
  [["api", "--method", "PUT", "repos/local/own/environments/enki", "-F", NO_PROTECTED, "-F", CUSTOM], /"custom_branch_policies":true/],
  [["api", "--method", "POST", "repos/local/own/environments/enki/deployment-branch-policies", "-f", "name=main"], /"name":"main"/],
  [["secret", "set", "ENKI_MODEL_KEY", "--env", "enki", "--body", "a key"], /^/],
  [["secret", "list", "--env", "enki"], /^ENKI_MODEL_KEY\t/],
  [["secret", "set", "OWN", "--body", "grüße"], /^/],
  // A job receives both values as they were before `gh` encrypted them.
  [["workflow", "run", "say.yml", "-f", "word=a"], /^/],
  [["api", "repos/local/own/actions/workflows/say.yml/runs", "--jq", ".workflow_runs[0].conclusion"], /^success$/, 0, UNTIL_END],
  [["variable", "set", "WORD", "--body", "a"], /^/],
  [["variable", "get", "WORD"], /^a$/],
  [["variable", "delete", "WORD"], /^/],
  [["variable", "get", "WORD"], /variable WORD was not found/, 1],
  [["variable", "set", "WORD", "--env", "enki", "--body", "b"], /^/],
  [["variable", "get", "WORD", "--env", "enki"], /^b$/],
  [["variable", "delete", "WORD", "--env", "enki"], /^/],
  [["variable", "list", "--env", "enki"], /no variables found/],
  [["api", "repos/local/own/actions/secrets/OWN", "--jq", ".name"], /^OWN$/],
  [["secret", "delete", "OWN"], /^/],
  [["secret", "delete", "OWN"], /HTTP 404/, 1],
  [["secret", "delete", "ENKI_MODEL_KEY", "--env", "enki"], /^/],
  [["secret", "list", "--env", "enki"], /^(?!.*ENKI_MODEL_KEY)/s],
  [["api", "repos/local/own/actions/variables", "-f", "name=WORD", "-f", "value=a"], /^/],
  [["api", "repos/local/own/actions/variables/WORD", "--jq", ".value"], /^a$/],
  [["api", "--method", "DELETE", "repos/local/own/actions/variables/WORD"], /^/],
  [["api", "repos/local/own/actions/variables/WORD"], /HTTP 404/, 1],
  [["api", "--paginate", "repos/local/own/issues?per_page=1&state=all", "--jq", ".[].number"], /^2\n1$/],
];

const withoutRepository = new Set(["api", "repo"]);

const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The checks that this version of `gh` has commands for. */
const listChecks = (command) => {
  const isKnown = (name) => spawnSync(command, [name, "--help"], { encoding: "utf8" }).stdout.includes(`gh ${name} `);
  const unknown = LATER.filter((name) => !isKnown(name));
  for (const name of unknown) process.stdout.write(`gh: skipped gh ${name}, which this version lacks\n`);
  return CHECKS.filter(([[name]]) => !unknown.includes(name));
};

const checkCommands = async (command, checks, { url, token }) => {
  const env = { PATH: process.env.PATH, HOME: place, ...ghEnvironment({ url, token, directory: place }) };
  const gh = (args) =>
    spawnSync(command, withoutRepository.has(args[0]) ? args : [...args, "--repo", "local/own"], { cwd: place, env, encoding: "utf8" });
  git("checkout", "--quiet", "-b", "sort");
  writeFileSync(join(own, "list.txt"), "a\nb\n");
  git("commit", "--quiet", "--all", "--message", "Sort the list");
  git("push", "--quiet", `${url.replace("http://", `http://x-access-token:${token}@`)}/local/own.git`, "sort");
  const faults = [];
  for (const [args, expected, code = 0, repeats = 0] of checks) {
    if (args[0] === "pr" && args[1] === "list")
      gh(["api", "repos/local/own/pulls", "-f", "title=Sort the list", "-f", "head=sort", "-f", "base=main"]);
    const ask = () => {
      const { status, stdout, stderr } = gh(args);
      return { status, text: `${stdout}${stderr}`.trim() };
    };
    let { status, text } = ask();
    for (let left = repeats; left > 0 && !expected.test(text); left -= 1) {
      await delay(1_000);
      ({ status, text } = ask());
    }
    if (status !== code || !expected.test(text)) faults.push(`gh ${args.join(" ")} (${status}): ${text}`);
  }
  return faults;
};

/** `enki init --ledger-key` passes a new key to the real `gh`; a second run finds the key. */
const checkLedgerKey = (command, { url, token }) => {
  git("checkout", "--quiet", "main");
  git("remote", "add", "origin", `http://x-access-token:${token}@github.localhost/local/own.git`);
  git("config", "http.proxy", url);
  const env = {
    PATH: `${dirname(command)}:${process.env.PATH}`,
    HOME: place,
    TMPDIR: place,
    ...ghEnvironment({ url, token, directory: place }),
  };
  const init = () =>
    spawnSync(process.execPath, [join(root, "dist/cli.js"), "init", "--yes", "--ledger-key"], { cwd: own, env, encoding: "utf8" });
  return [/The secret ENKI_LEDGER_KEY of local\/own signs the ledger/, /A secret that signs the ledger exists already/].flatMap(
    (expected) => {
      const { status, stdout, stderr } = init();
      return status === 0 && expected.test(stdout) ? [] : [`enki init --ledger-key (${status}): ${stdout.slice(-300)}${stderr}`];
    },
  );
};

try {
  const { command, reason } = findGh(place);
  if (command === null) process.stdout.write(`gh: skipped, because ${reason}\n`);
  else {
    makeRepository();
    const local = await startLocalGitHub();
    const checks = listChecks(command);
    const faults = [...(await checkCommands(command, checks, local)), ...checkLedgerKey(command, local)];
    await local.stop();
    for (const fault of faults) process.stdout.write(`${fault}\n`);
    process.stdout.write(
      `gh: ${checks.length + 2 - faults.length} of ${checks.length + 2} commands do on the local GitHub what they do on GitHub\n`,
    );
    if (faults.length > 0) process.exitCode = 1;
  }
} finally {
  rmSync(place, { recursive: true, force: true, maxRetries: 10 });
}
