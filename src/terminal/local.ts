import { homedir } from "node:os";
import { basename, join, resolve, sep } from "node:path";
import { openClone } from "../git/clone.ts";
import type { Config } from "../model/config.ts";
import { branchRef } from "../model/refs.ts";
import { readInstallation, readSettings } from "../settings.ts";
import { findAgent } from "./command-line.ts";
import { findRepository, type Found } from "./find-repository.ts";
import { type AgentChoice, type Machine, openMachine } from "./machine.ts";
import { CannotError, readOptions, readPort } from "./options.ts";
import { openPerson } from "./person.ts";
import { workflowFiles } from "./seed.ts";
import type { Terminal } from "./terminal.ts";
import { openWorkplace } from "./workplace.ts";

const OWNER = "local";
const PERSON = "you";
const IDENTITY = { name: "Enki", email: "enki@users.noreply.github.com" };

export const localOptions = {
  repo: { type: "string", default: ".", value: "<path>", about: "the repository to copy; the one here where none is given" },
  agent: { type: "string", value: "<command line>", about: "the ACP agent; what the configuration says where none is given" },
  verify: { type: "string", multiple: true, value: "<command>", about: "what a candidate must pass; may be given several times" },
  issue: { type: "string", value: "<text>", about: "opens an issue with this text, and asks Enki to fix it" },
  port: { type: "string", default: "0", value: "<port>", about: "of the page; any that is free where none is given" },
} as const;

/** `enki local`: a GitHub on this machine with a copy of one's own repository, and Enki in it, until it is ended. */
export const local = async (args: readonly string[], terminal: Terminal): Promise<number> => {
  const values = readOptions(args, localOptions);
  const port = readPort(values.port);
  const agent = values.agent === undefined ? null : await findAgent(terminal, values.agent);
  const found = await findRepository(terminal, values.repo);
  const from = found.directory;
  const name = nameOf(found);
  const place = await openWorkplace(terminal, "enki-local");
  try {
    const { directory } = place;
    const machine = await openMachine(terminal, {
      directory,
      port,
      agent: agent && (() => agent),
      verify: values.verify ?? [],
      settings: join(homedir(), ".enki"),
      files: {},
      log: terminal.log,
      hidden: outOfSight(terminal, found, agent),
    });
    place.uses(machine);
    const { token, config } = await adopt(terminal, machine, { directory, from, name });
    const bare = join(directory, "repositories", OWNER, `${name}.git`);
    terminal.out(welcome(machine, { name, token, bare, branch: found.branch ?? "" }));
    for (const line of remarks(found, config)) terminal.out(`${line}\n`);
    if (values.issue !== undefined) {
      const person = openPerson({ apiUrl: machine.forge.apiUrl, token, owner: OWNER, name });
      const issue = await person.openIssue(values.issue, "");
      await person.comment(issue, `/enki fix ${values.issue}`);
      terminal.out(`Issue #${issue} is open, and Enki was asked to fix it.\n`);
    }
    terminal.out("Ctrl+C ends it; what landed stays where it is.\n");
    await terminal.untilInterrupted();
    return 0;
  } finally {
    await place.close();
  }
};

/** What the copy is called. Throws where nothing could land on it. */
const nameOf = ({ directory, branch, shallow }: Found): string => {
  if (branch === null) throw new CannotError(`${directory} has no branch checked out; check out the one that work is to land on`);
  if (shallow) throw new CannotError(`${directory} is a shallow clone; git fetch --unshallow brings the rest of its history`);
  return (
    basename(directory)
      .replace(/\.git$/, "")
      .replaceAll(/[^A-Za-z0-9._-]/g, "-")
      .replace(/^[-.]+/, "") || "repository"
  );
};

/** The original, which agents have no business in; but not where the agent itself, or a person's whole home, lives in it. */
const outOfSight = ({ cwd }: Terminal, { own }: Found, agent: AgentChoice | null): string[] => {
  const used = [homedir(), ...(agent ? [agent.command, ...agent.args] : [])]
    .filter((word) => word.includes(sep))
    .map((path) => resolve(cwd, path));
  return own.filter((directory) => !used.some((path) => `${path}${sep}`.startsWith(`${directory}${sep}`)));
};

const remarks = ({ uncommitted }: Found, config: Config): string[] => [
  `Workers are \`${[config.agents.worker.command, ...config.agents.worker.args].join(" ")}\`.`,
  ...(uncommitted > 0 ? [`What is not committed is not in the copy: ${uncommitted} ${uncommitted === 1 ? "file" : "files"}.`] : []),
  ...(config.refinery.verify.length === 0 ? [NOTHING_VERIFIES] : []),
];

type Adopting = { readonly directory: string; readonly from: string; readonly name: string };

const NOTHING_VERIFIES =
  "Nothing can land yet, because nothing verifies it: give the commands with --verify '<command>', or in .enki/enki.toml:\n  [refinery]\n  verify = [\"npm test\"]";

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

type Welcome = { readonly name: string; readonly token: string; readonly bare: string; readonly branch: string };

const welcome = ({ forge }: Machine, { name, token, bare, branch }: Welcome): string =>
  [
    `A GitHub with a copy of ${name} runs on this machine: ${forge.url}/${OWNER}/${name}`,
    "",
    "Open an issue and ask Enki, as its API's client (the token is yours, and is gone when this ends):",
    `  curl -s -H "Authorization: Bearer ${token}" ${forge.apiUrl}/repos/${OWNER}/${name}/issues -d '{"title":"…"}'`,
    `  curl -s -H "Authorization: Bearer ${token}" ${forge.apiUrl}/repos/${OWNER}/${name}/issues/1/comments -d '{"body":"/enki fix …"}'`,
    "",
    "Your own repository is only read. What landed comes into it when you say so:",
    `  git pull ${bare} ${branch}`,
    "",
    "",
  ].join("\n");
