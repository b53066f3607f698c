import { checkGit } from "../storage/git/check-git.ts";
import { findNearestWord } from "../core/domain/nearest-word.ts";
import { PRODUCT } from "../core/domain/product.ts";
import type { CliSubcommand } from "./cli-subcommand.ts";
import { EXECUTION_SUBCOMMANDS } from "./execution-subcommands.ts";
import { CommandError, describeOptions, UsageError } from "./command-options.ts";
import type { TerminalHost } from "./terminal-host.ts";

const SUBCOMMANDS: ReadonlyMap<string, CliSubcommand> = new Map<string, CliSubcommand>([
  [
    "demo",
    {
      takes: "",
      summary: "play a whole story on a local GitHub",
      load: () => import("./demo-command.ts").then(({ runDemoCommand, demoOptions }) => ({ run: runDemoCommand, options: demoOptions })),
    },
  ],
  [
    "init",
    {
      takes: "",
      summary: "write Enki's configuration and workflow files for this repository",
      load: () => import("./init-command.ts").then(({ runInitCommand, initOptions }) => ({ run: runInitCommand, options: initOptions })),
    },
  ],
  [
    "doctor",
    {
      takes: "",
      summary: "find what keeps Enki from working in this repository",
      load: () =>
        import("./doctor-command.ts").then(({ runDoctorCommand, doctorOptions }) => ({ run: runDoctorCommand, options: doctorOptions })),
    },
  ],
  [
    "local",
    {
      takes: "",
      summary: "run a local GitHub with a copy of your repository",
      load: () =>
        import("./local-command.ts").then(({ runLocalCommand, localOptions }) => ({ run: runLocalCommand, options: localOptions })),
    },
  ],
  [
    "run",
    {
      takes: '"<request>"',
      summary: "carry out a request or a workflow in this repository, without GitHub",
      load: () => import("./run-command.ts").then(({ runRequestCommand, runOptions }) => ({ run: runRequestCommand, options: runOptions })),
    },
  ],
  [
    "validate",
    {
      takes: "[<path> …]",
      summary: "list every mistake in roles, workflows and configuration",
      load: () =>
        import("./validate-command.ts").then(({ runValidateCommand, validateOptions }) => ({
          run: runValidateCommand,
          options: validateOptions,
        })),
    },
  ],
  [
    "roles",
    {
      takes: "",
      summary: "list the effective roles and their files",
      load: () =>
        import("./roles-command.ts").then(({ runRolesCommand, rolesOptions }) => ({ run: runRolesCommand, options: rolesOptions })),
    },
  ],
  [
    "workflows",
    {
      takes: "",
      summary: "list the available workflows and their files",
      load: () =>
        import("./workflows-command.ts").then(({ runWorkflowsCommand, workflowsOptions }) => ({
          run: runWorkflowsCommand,
          options: workflowsOptions,
        })),
    },
  ],
  [
    "config",
    {
      takes: "",
      summary: "print the effective configuration and its sources",
      load: () =>
        import("./config-command.ts").then(({ runConfigCommand, configOptions }) => ({ run: runConfigCommand, options: configOptions })),
    },
  ],
  [
    "graph",
    {
      takes: "<workflow|execution>",
      summary: "draw a workflow, or the state of an execution",
      load: () =>
        import("./graph-command.ts").then(({ runGraphCommand, graphOptions }) => ({ run: runGraphCommand, options: graphOptions })),
    },
  ],
  [
    "schema",
    {
      takes: "role|workflow|config",
      summary: "print a JSON Schema for editors",
      load: () => import("./schema-command.ts").then(({ runSchemaCommand }) => ({ run: runSchemaCommand, options: {} })),
    },
  ],
  ...EXECUTION_SUBCOMMANDS,
  [
    "completion",
    {
      takes: "bash|zsh|fish",
      summary: "print completions for a shell",
      load: () =>
        import("./completion-command.ts").then(({ createCompletionCommand }) => ({
          run: createCompletionCommand(() => [...SUBCOMMANDS]),
          options: {},
        })),
    },
  ],
  [
    "app",
    {
      takes: "",
      summary: "run the GitHub App as a service",
      load: () => import("./app-command.ts").then(({ runAppCommand, appOptions }) => ({ run: runAppCommand, options: appOptions })),
    },
  ],
  [
    "ledger",
    {
      takes: "sign <address> [<commit>]",
      summary: "sign a ledger that Enki refuses, after a look",
      load: () => import("./ledger-command.ts").then(({ runLedgerCommand }) => ({ run: runLedgerCommand, options: {} })),
    },
  ],
  [
    "replay",
    {
      takes: "[<repository>]",
      summary: "replay every ledger write and compare",
      load: () => import("./replay-command.ts").then(({ runReplayCommand }) => ({ run: runReplayCommand, options: {} })),
    },
  ],
  [
    "mcp",
    {
      takes: "",
      summary: "serve Enki's tools to an agent over stdio",
      load: () => import("./mcp-command.ts").then(({ runMcpCommand, mcpOptions }) => ({ run: runMcpCommand, options: mcpOptions })),
    },
  ],
  [
    "rehearse",
    {
      takes: "<file>",
      summary: "run an ACP agent that plays a file instead of asking a model",
      load: () => import("./rehearse-command.ts").then(({ runRehearseCommand }) => ({ run: runRehearseCommand, options: {} })),
    },
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

const formatSubcommandHelp = async (name: string, { takes, summary, load }: CliSubcommand): Promise<string> => {
  const { options } = await load();
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
    terminal.out(await formatSubcommandHelp(asked, subcommand));
    return 0;
  }
  return runSubcommand(asked, async () => (await subcommand.load()).run(rest, terminal), terminal);
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
