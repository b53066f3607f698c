import type { CliSubcommand } from "./cli-subcommand.ts";
import { EXECUTION_SUBCOMMANDS } from "./execution-subcommands.ts";

/** Every subcommand by its name. */
export const SUBCOMMANDS: ReadonlyMap<string, CliSubcommand> = new Map<string, CliSubcommand>([
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
      takes: "[<workflow|execution>]",
      summary: "draw a workflow, or the executions that status shows",
      load: () =>
        import("./graph-command.ts").then(({ runGraphCommand, graphOptions }) => ({ run: runGraphCommand, options: graphOptions })),
    },
  ],
  [
    "schema",
    {
      takes: "role|workflow|rehearsal|config",
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
      takes: "key | sign <address> [<commit>]",
      summary: "print the public key, or show and sign a ledger that Enki refuses",
      load: () => import("./ledger-command.ts").then(({ runLedgerCommand }) => ({ run: runLedgerCommand, options: {} })),
    },
  ],
  [
    "verify",
    {
      takes: "<commit>|<range>",
      summary: "check the proofs of landed commits, without a network",
      load: () =>
        import("./verify-command.ts").then(({ runVerifyCommand, verifyOptions }) => ({ run: runVerifyCommand, options: verifyOptions })),
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
