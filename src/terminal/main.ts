import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { checkGit } from "../git/version.ts";
import { nearest } from "../model/nearest.ts";
import { app, appOptions } from "./app.ts";
import { config, configOptions } from "./config.ts";
import { graph, graphOptions } from "./graph.ts";
import { roles, rolesOptions } from "./roles.ts";
import { run, runOptions } from "./run.ts";
import { schema } from "./schema.ts";
import { validate, validateOptions } from "./validate.ts";
import { workflows, workflowsOptions } from "./workflows.ts";
import { demo, demoOptions } from "./demo.ts";
import { local, localOptions } from "./local.ts";
import { mcp, mcpOptions } from "./mcp.ts";
import { CannotError, describeOptions, type Options, UsageError } from "./options.ts";
import { rehearse } from "./rehearse.ts";
import { replay } from "./replay.ts";
import type { Terminal } from "./terminal.ts";

type Subcommand = {
  /** What it takes beside its options. */
  readonly takes: string;
  readonly summary: string;
  readonly options: Options;
  readonly run: (args: readonly string[], terminal: Terminal) => Promise<number>;
};

const SUBCOMMANDS: ReadonlyMap<string, Subcommand> = new Map([
  ["demo", { takes: "", summary: "a whole story in a GitHub on this machine", options: demoOptions, run: demo }],
  ["local", { takes: "", summary: "a GitHub on this machine with a copy of your own repository", options: localOptions, run: local }],
  [
    "run",
    {
      takes: '"<request>"',
      summary: "a request, or a workflow, carried out in the repository here, with no GitHub",
      options: runOptions,
      run,
    },
  ],
  [
    "validate",
    { takes: "[<path> …]", summary: "every mistake in roles, workflows and configuration", options: validateOptions, run: validate },
  ],
  ["roles", { takes: "", summary: "the roles in force here, and which file says so", options: rolesOptions, run: roles }],
  [
    "workflows",
    { takes: "", summary: "the workflows that can be run here, and which file says so", options: workflowsOptions, run: workflows },
  ],
  ["config", { takes: "", summary: "the configuration in force here, and which file says so", options: configOptions, run: config }],
  [
    "graph",
    {
      takes: "<workflow|execution>",
      summary: "a workflow's roles, or an execution's steps and how each stands",
      options: graphOptions,
      run: graph,
    },
  ],
  ["schema", { takes: "role|workflow|config", summary: "JSON Schema for editors", options: {}, run: schema }],
  ["app", { takes: "", summary: "the GitHub App as a service", options: appOptions, run: app }],
  ["replay", { takes: "[<repository>]", summary: "decide every write of the ledger again and compare", options: {}, run: replay }],
  ["mcp", { takes: "", summary: "Enki's tools over stdio, for an agent", options: mcpOptions, run: mcp }],
  ["rehearse", { takes: "<file>", summary: "an ACP agent on stdio that plays a file and asks no model", options: {}, run: rehearse }],
]);

const WIDTH = Math.max(...[...SUBCOMMANDS.keys()].map((name) => name.length));

const help = (): string =>
  [
    "enki: /enki fix … on an issue becomes landed pull requests",
    "",
    ...[...SUBCOMMANDS].map(([name, { summary }]) => `  enki ${name.padEnd(WIDTH)}  ${summary}`),
    "",
    "enki <subcommand> --help tells its options. ENKI_LOG=1 in the environment shows what happens inside.",
    "",
  ].join("\n");

const helpOf = (name: string, { takes, summary, options }: Subcommand): string => {
  const described = describeOptions(options);
  const call = [`enki ${name}`, ...(described.length > 0 ? ["[options]"] : []), ...(takes === "" ? [] : [takes])].join(" ");
  return [`${call}: ${summary}`, ...(described.length > 0 ? ["", ...described] : []), ""].join("\n");
};

const isHelp = (word: string | undefined): boolean => word === "--help" || word === "-h";

/** Runs a subcommand; gives the exit code: 0 well, 1 not, 2 for a call that cannot be understood. */
export const main = async (args: readonly string[], terminal: Terminal): Promise<number> => {
  const [name = "help", ...rest] = args;
  if (name === "--version" || name === "-v" || name === "version") {
    terminal.out(`enki ${await readVersion(terminal)}\n`);
    return 0;
  }
  const asked = name === "help" || isHelp(name) ? rest[0] : name;
  if (asked === undefined) {
    terminal.out(help());
    return 0;
  }
  const subcommand = SUBCOMMANDS.get(asked);
  if (!subcommand) {
    const meant = nearest(asked, [...SUBCOMMANDS.keys()]);
    terminal.err(`enki: there is no subcommand ${asked}; ${meant === null ? "see enki --help" : `did you mean enki ${meant}?`}\n`);
    return 2;
  }
  if (asked !== name || isHelp(rest[0])) {
    terminal.out(helpOf(asked, subcommand));
    return 0;
  }
  return runSubcommand(asked, () => subcommand.run(rest, terminal), terminal);
};

const runSubcommand = async (name: string, run: () => Promise<number>, terminal: Terminal): Promise<number> => {
  try {
    const refused = await checkGit();
    if (refused) throw new CannotError(`${refused.refusal.why.replace(/\.$/, "")}; ${refused.refusal.next}`);
    return await run();
  } catch (error) {
    terminal.log(error instanceof Error ? (error.stack ?? "") : "");
    terminal.err(`enki ${name}: ${explain(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
};

const readVersion = async ({ root }: Terminal): Promise<string> => {
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version?: unknown };
  return typeof version === "string" ? version : "";
};

/** What went wrong, in one sentence that helps. */
const explain = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  if ("code" in error && error.code === "EADDRINUSE") {
    const port = "port" in error ? `port ${String(error.port)}` : "the port";
    return `${port} is in use; choose another with --port, or 0 for any that is free`;
  }
  return error.message;
};
