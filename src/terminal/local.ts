import { existsSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { openClone } from "../git/clone.ts";
import { runGit } from "../git/run.ts";
import type { Config } from "../model/config.ts";
import { branchRef } from "../model/refs.ts";
import { readInstallation, readSettings } from "../settings.ts";
import { parseCommandLine } from "./command-line.ts";
import { type Machine, openMachine } from "./machine.ts";
import { openPerson } from "./person.ts";
import { workflowFiles } from "./seed.ts";
import type { Terminal } from "./terminal.ts";

const OWNER = "local";
const PERSON = "you";
const IDENTITY = { name: "Enki", email: "enki@users.noreply.github.com" };
const OPTIONS = {
  repo: { type: "string", default: "." },
  agent: { type: "string" },
  verify: { type: "string", multiple: true },
  port: { type: "string", default: "0" },
  issue: { type: "string" },
} as const;

/** `enki local`: a GitHub on this machine with a copy of one's own repository, and Enki in it, until it is ended. */
export const local = async (args: readonly string[], terminal: Terminal): Promise<number> => {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const from = resolve(terminal.cwd, values.repo);
  const at = { directory: from, after: terminal.after };
  const found = existsSync(from) ? await runGit(at, ["rev-parse", "--git-dir"]) : null;
  if (found?.code !== 0) {
    terminal.err(`enki local: ${from} is no git repository. Give one with --repo <path>.\n`);
    return 1;
  }
  const directory = await mkdtemp(join(tmpdir(), "enki-local-"));
  const agent = values.agent === undefined ? null : parseCommandLine(values.agent);
  const settings = join(homedir(), ".enki");
  const machine = await openMachine(terminal, {
    directory,
    port: Number(values.port),
    agent,
    verify: values.verify ?? [],
    settings,
    files: {},
  });
  terminal.interrupted(machine.close);
  try {
    const name = basename(from).replaceAll(/[^A-Za-z0-9._-]/g, "-") || "repository";
    const { token, config } = await adopt(terminal, machine, { directory, from, name });
    terminal.out(welcome(machine, { name, token, bare: join(directory, "repositories", OWNER, `${name}.git`) }));
    terminal.out(`Workers are \`${[config.agents.worker.command, ...config.agents.worker.args].join(" ")}\`.\n`);
    if (config.refinery.verify.length === 0) terminal.out(NOTHING_VERIFIES);
    if (values.issue !== undefined) {
      const person = openPerson({ apiUrl: machine.forge.apiUrl, token, owner: OWNER, name });
      const issue = await person.openIssue(values.issue, "");
      await person.comment(issue, `/enki fix ${values.issue}`);
      terminal.out(`Issue #${issue} is open, and Enki was asked to fix it.\n`);
    }
    await terminal.untilInterrupted("Ctrl+C ends it.\n");
    return 0;
  } finally {
    await machine.close();
  }
};

type Adopting = { readonly directory: string; readonly from: string; readonly name: string };

const NOTHING_VERIFIES =
  "Nothing can land yet, because nothing verifies it: give the commands with --verify '<command>', or in .enki/enki.toml:\n  [refinery]\n  verify = [\"npm test\"]\n";

/** A copy of the repository on the forge, with Enki's Actions workflow files on its default branch; the original is only read. */
const adopt = async (
  terminal: Terminal,
  { forge }: Machine,
  { directory, from, name }: Adopting,
): Promise<{ token: string; config: Config }> => {
  const token = forge.createUser(PERSON);
  await forge.createRepository({ owner: OWNER, name, from });
  forge.setPermission({ owner: OWNER, name }, { login: PERSON, role: "admin" });
  const clone = await openClone({
    url: `${forge.url}/${OWNER}/${name}.git`,
    directory: join(directory, "setup.git"),
    token: () => Promise.resolve(token),
    identity: IDENTITY,
    after: terminal.after,
  });
  await clone.fetch();
  const branch = forge.defaultBranch({ owner: OWNER, name });
  const tip = (await clone.refs())[branchRef(branch)] ?? null;
  const tree = await clone.writeFiles(tip, await workflowFiles(terminal.root));
  const commit = await clone.writeCommit({
    tree,
    parents: tip === null ? [] : [tip],
    message: "Add Enki's Actions workflow",
    at: terminal.now(),
  });
  const pushed = await clone.push([{ ref: branchRef(branch), from: tip, to: commit }]);
  if (pushed.kind !== "pushed") throw new Error(`the workflow file could not be pushed: ${pushed.text}`);
  const layers = await readInstallation(join(directory, "installation"));
  return { token, config: (await readSettings(clone, commit, layers)).config };
};

const welcome = ({ forge }: Machine, { name, token, bare }: { name: string; token: string; bare: string }): string =>
  [
    `A GitHub for ${name} runs on this machine: ${forge.url}/${OWNER}/${name}`,
    "",
    "Open an issue and ask Enki, as its API's client (the token is yours, and is gone when this ends):",
    `  curl -s -H "Authorization: Bearer ${token}" ${forge.apiUrl}/repos/${OWNER}/${name}/issues -d '{"title":"…"}'`,
    `  curl -s -H "Authorization: Bearer ${token}" ${forge.apiUrl}/repos/${OWNER}/${name}/issues/1/comments -d '{"body":"/enki fix …"}'`,
    "",
    "What landed, in your own repository:",
    `  git pull ${bare}`,
    "",
    "",
  ].join("\n");
