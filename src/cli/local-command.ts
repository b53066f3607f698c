import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { formatAgentCommand } from "../core/domain/agent-command.ts";
import type { Config } from "../core/domain/config.ts";
import {
  copyRepository,
  deriveCopyName,
  describeSubmodules,
  NO_VERIFY_MESSAGE,
  listHiddenDirectories,
  COPY_OWNER,
} from "./copy-repository.ts";
import { collectAgentSecrets } from "./agent-secrets.ts";
import { findHome } from "./find-home.ts";
import { findNamedAgent, prepareAgents } from "./prepare-agents.ts";
import { findRepository, type FoundRepository } from "./find-repository.ts";
import { explainBrokenConfig } from "./effective-layers.ts";
import { chooseVerify } from "./choose-verify.ts";
import { type LocalMachine, openMachine } from "./local-machine.ts";
import { readOptions, readPort } from "./command-options.ts";
import { type MachineRecord, removeMachineRecord, writeMachineRecord } from "./machine-records.ts";
import { followMachine } from "./follow-machine.ts";
import { CLIENT_HOST } from "../local-github/api/client-host.ts";
import { openPersonClient, type PersonClientOptions } from "./person-client.ts";
import { openProtectionNotice } from "./protection-notice.ts";
import type { TerminalHost } from "./terminal-host.ts";
import { copyUncommittedSettings, describeUncommitted } from "./uncommitted-settings.ts";
import { openWorkplace } from "./command-workplace.ts";

export const localOptions = {
  repo: { type: "string", default: ".", value: "<path>", about: "the repository to copy; the current one by default" },
  agent: { type: "string", value: "<command line>", about: "claude, codex, gemini, opencode, or any ACP agent" },
  verify: { type: "string", multiple: true, value: "<command>", about: "a command that every change must pass; repeatable" },
  issue: { type: "string", value: "<text>", about: "opens an issue with this text, and asks Enki to fix it" },
  port: { type: "string", default: "0", value: "<port>", about: "port of the page; any free port by default" },
} as const;

/** `enki local`: runs a local GitHub with a copy of the person's repository, and Enki in it, until it is interrupted. */
export const runLocalCommand = async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
  const values = readOptions(args, localOptions);
  const port = readPort(values.port);
  const named = values.agent === undefined ? null : await findNamedAgent(terminal, values.agent);
  const found = await findRepository(terminal, values.repo);
  const { agent, terminal: prepared } = await prepareAgents(terminal, {
    directory: found.directory,
    named,
    // Without a request, the page opens without an agent.
    isNeeded: ({ broken }) => broken === null && values.issue !== undefined,
  });
  const verify = await chooseVerify(terminal, found, values.verify);
  const from = found.directory;
  const name = deriveCopyName(found);
  const place = await openWorkplace(terminal, "enki-local");
  try {
    const { directory } = place;
    const machine = await openMachine(prepared, {
      directory,
      port,
      agent: agent && (() => agent),
      verify: verify.commands,
      settings: join(findHome(prepared), ".enki"),
      files: {},
      log: terminal.log,
      hidden: listHiddenDirectories(terminal, found, agent),
      uncommitted: await copyUncommittedSettings(found, join(directory, "uncommitted")),
    });
    place.attachMachine(machine);
    const { token, config, branch, commit } = await copyRepository(terminal, machine, { directory, from, name });
    machine.forge.setSecrets({ owner: COPY_OWNER, name }, await collectAgentSecrets(terminal, { ...config, chosen: agent }));
    const bare = join(directory, "repositories", COPY_OWNER, `${name}.git`);
    terminal.out(formatWelcome(machine, { name, token, bare, branch: found.branch ?? "" }));
    const broken = await explainBrokenConfig({ ...terminal, cwd: from });
    for (const line of describeCopy(found, config, broken)) terminal.out(`${line}\n`);
    await openProtectionNotice(terminal)();
    terminal.out(verify.notice);
    if (values.issue !== undefined)
      terminal.out(await askFor(values.issue, { apiUrl: machine.forge.apiUrl, token, owner: COPY_OWNER, name }));
    const { url, apiUrl } = machine.forge;
    const record = { repository: from, directory, owner: COPY_OWNER, name, branch, start: commit, token, url, apiUrl };
    place.onInterrupt(await announceMachine(terminal, record));
    terminal.out("Ctrl+C ends it; landed work stays in its repository.\n");
    const stopFollowing = followMachine(terminal, bare);
    await terminal.waitForInterrupt();
    stopFollowing();
    return 0;
  } finally {
    await place.close();
  }
};

/** Writes the record of the machine; returns the function that removes the record. */
const announceMachine = async (
  terminal: TerminalHost,
  facts: Omit<MachineRecord, "kind" | "id" | "pid" | "run">,
): Promise<() => Promise<void>> => {
  const record = { ...facts, kind: "local" as const, id: randomBytes(6).toString("hex"), pid: process.pid, run: null };
  await writeMachineRecord(terminal, record);
  return () => removeMachineRecord(terminal, record);
};

/** Opens an issue and asks Enki to fix it. */
const askFor = async (text: string, options: PersonClientOptions): Promise<string> => {
  const person = openPersonClient(options);
  const issue = await person.openIssue(text, "");
  await person.comment(issue, `/enki fix ${text}`);
  return `Issue #${issue} is open, and Enki was asked to fix it.\n`;
};

const describeCopy = (found: FoundRepository, config: Config, broken: string | null): string[] => [
  `The agent is \`${formatAgentCommand(config.agents.worker)}\`.`,
  ...describeUncommitted(found, "not in the copy"),
  ...describeSubmodules(found),
  ...(broken !== null ? [`Nothing can start before this mistake is fixed and enki local is started again:\n  ${broken}`] : []),
  ...(broken === null && config.refinery.verify.length === 0 ? [NO_VERIFY_MESSAGE] : []),
];

type WelcomeInput = { readonly name: string; readonly token: string; readonly bare: string; readonly branch: string };

const formatWelcome = ({ forge }: LocalMachine, { name, token, bare, branch }: WelcomeInput): string =>
  [
    `A GitHub with a copy of ${name} runs on this machine: ${forge.url}/${COPY_OWNER}/${name}`,
    "",
    "Its pages, where you are signed in (keep this address to yourself):",
    `  ${forge.signIn(token, `/${COPY_OWNER}/${name}`)}`,
    "",
    "Ask Enki there, or in another terminal, in the same repository:",
    '  enki fix "<request>"',
    "  enki status",
    "",
    "GitHub's own command line works there, too:",
    `  GH_HOST=${CLIENT_HOST} HTTP_PROXY=${forge.url} GH_TOKEN=${token} gh issue list --repo ${COPY_OWNER}/${name}`,
    "",
    "Enki only reads your own repository. To bring landed work into it:",
    `  git pull ${bare} ${branch}`,
    "",
    "",
  ].join("\n");
