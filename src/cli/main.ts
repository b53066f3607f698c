import { checkGit } from "../storage/git/check-git.ts";
import { findNearestWord } from "../core/domain/nearest-word.ts";
import { PRODUCT } from "../core/domain/product.ts";
import { runAppCommand, appOptions } from "./app-command.ts";
import { runConfigCommand, configOptions } from "./config-command.ts";
import { runGraphCommand, graphOptions } from "./graph-command.ts";
import { runRolesCommand, rolesOptions } from "./roles-command.ts";
import { runRequestCommand, runOptions } from "./run-command.ts";
import { runSchemaCommand } from "./schema-command.ts";
import { runValidateCommand, validateOptions } from "./validate-command.ts";
import { runWorkflowsCommand, workflowsOptions } from "./workflows-command.ts";
import { runDemoCommand, demoOptions } from "./demo-command.ts";
import { runDoctorCommand, doctorOptions } from "./doctor-command.ts";
import { runInitCommand, initOptions } from "./init-command.ts";
import { runLocalCommand, localOptions } from "./local-command.ts";
import { runMcpCommand, mcpOptions } from "./mcp-command.ts";
import { CommandError, describeOptions, type OptionDefinitions, UsageError } from "./command-options.ts";
import { runRehearseCommand } from "./rehearse-command.ts";
import { runLedgerCommand } from "./ledger-command.ts";
import { runReplayCommand } from "./replay-command.ts";
import type { TerminalHost } from "./terminal-host.ts";

type CliSubcommand = {
  /** Arguments besides options, as shown in the help. */
  readonly takes: string;
  readonly summary: string;
  readonly options: OptionDefinitions;
  readonly run: (args: readonly string[], terminal: TerminalHost) => Promise<number>;
};

const SUBCOMMANDS: ReadonlyMap<string, CliSubcommand> = new Map([
  ["demo", { takes: "", summary: "play a whole story on a local GitHub", options: demoOptions, run: runDemoCommand }],
  [
    "init",
    { takes: "", summary: "write Enki's configuration and workflow files for this repository", options: initOptions, run: runInitCommand },
  ],
  ["doctor", { takes: "", summary: "find what keeps Enki from working in this repository", options: doctorOptions, run: runDoctorCommand }],
  ["local", { takes: "", summary: "run a local GitHub with a copy of your repository", options: localOptions, run: runLocalCommand }],
  [
    "run",
    {
      takes: '"<request>"',
      summary: "carry out a request or a workflow in this repository, without GitHub",
      options: runOptions,
      run: runRequestCommand,
    },
  ],
  [
    "validate",
    {
      takes: "[<path> …]",
      summary: "list every mistake in roles, workflows and configuration",
      options: validateOptions,
      run: runValidateCommand,
    },
  ],
  ["roles", { takes: "", summary: "list the effective roles and their files", options: rolesOptions, run: runRolesCommand }],
  [
    "workflows",
    {
      takes: "",
      summary: "list the available workflows and their files",
      options: workflowsOptions,
      run: runWorkflowsCommand,
    },
  ],
  ["config", { takes: "", summary: "print the effective configuration and its sources", options: configOptions, run: runConfigCommand }],
  [
    "graph",
    {
      takes: "<workflow|execution>",
      summary: "draw a workflow, or the state of an execution",
      options: graphOptions,
      run: runGraphCommand,
    },
  ],
  ["schema", { takes: "role|workflow|config", summary: "print a JSON Schema for editors", options: {}, run: runSchemaCommand }],
  ["app", { takes: "", summary: "run the GitHub App as a service", options: appOptions, run: runAppCommand }],
  [
    "ledger",
    { takes: "sign <address> [<commit>]", summary: "sign a ledger that Enki refuses, after a look", options: {}, run: runLedgerCommand },
  ],
  ["replay", { takes: "[<repository>]", summary: "replay every ledger write and compare", options: {}, run: runReplayCommand }],
  ["mcp", { takes: "", summary: "serve Enki's tools to an agent over stdio", options: mcpOptions, run: runMcpCommand }],
  [
    "rehearse",
    { takes: "<file>", summary: "run an ACP agent that plays a file instead of asking a model", options: {}, run: runRehearseCommand },
  ],
]);

const NAME_WIDTH_CHARS = Math.max(...[...SUBCOMMANDS.keys()].map((name) => name.length));

const formatHelp = (): string =>
  [
    "enki: /enki fix … on an issue becomes landed pull requests",
    "",
    ...[...SUBCOMMANDS].map(([name, { summary }]) => `  enki ${name.padEnd(NAME_WIDTH_CHARS)}  ${summary}`),
    "",
    "enki <subcommand> --help lists its options. ENKI_LOG=1 in the environment prints what happens inside.",
    "",
  ].join("\n");

const formatSubcommandHelp = (name: string, { takes, summary, options }: CliSubcommand): string => {
  const described = describeOptions(options);
  const call = [`enki ${name}`, ...(described.length > 0 ? ["[options]"] : []), ...(takes === "" ? [] : [takes])].join(" ");
  return [`${call}: ${summary}`, ...(described.length > 0 ? ["", ...described] : []), ""].join("\n");
};

const isHelpFlag = (word: string | undefined): boolean => word === "--help" || word === "-h";

/** Runs a subcommand and returns the exit code: 0 success, 1 failure, 2 usage error. */
export const main = async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
  const [name = "help", ...rest] = args;
  if (name === "--version" || name === "-v" || name === "version") {
    terminal.out(`enki ${PRODUCT.version}\n`);
    return 0;
  }
  const asked = name === "help" || isHelpFlag(name) ? rest[0] : name;
  if (asked === undefined) {
    terminal.out(formatHelp());
    return 0;
  }
  const subcommand = SUBCOMMANDS.get(asked);
  if (!subcommand) {
    const meant = findNearestWord(asked, [...SUBCOMMANDS.keys()]);
    terminal.err(`enki: there is no subcommand ${asked}; ${meant === null ? "see enki --help" : `did you mean enki ${meant}?`}\n`);
    return 2;
  }
  if (asked !== name || isHelpFlag(rest[0])) {
    terminal.out(formatSubcommandHelp(asked, subcommand));
    return 0;
  }
  return runSubcommand(asked, () => subcommand.run(rest, terminal), terminal);
};

const runSubcommand = async (name: string, run: () => Promise<number>, terminal: TerminalHost): Promise<number> => {
  try {
    const refused = await checkGit();
    if (refused) throw new CommandError(`${refused.refusal.message.replace(/\.$/, "")}; ${refused.refusal.next}`);
    return await run();
  } catch (error) {
    terminal.log(error instanceof Error ? (error.stack ?? "") : "");
    terminal.err(`enki ${name}: ${formatCommandError(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
};

/** An error as one helpful sentence. */
const formatCommandError = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  if ("code" in error && error.code === "EADDRINUSE") {
    const port = "port" in error ? `port ${String(error.port)}` : "the port";
    return `${port} is in use; choose another with --port, or 0 for any free port`;
  }
  return error.message;
};
