import type { CommandRow } from "../core/commands/command-row.ts";
import { COMMANDS } from "../core/commands/command-table.ts";
import type { NamedSubcommand, SubcommandRunner } from "./cli-subcommand.ts";
import type { OptionDefinitions } from "./command-options.ts";

/** For an execution of `enki run`, the fault says what to do instead. */
const withRunAdvice =
  (run: SubcommandRunner, options: OptionDefinitions): SubcommandRunner =>
  (args, terminal) =>
    run(args, terminal).catch(async (error: unknown) => {
      const { adviseOnRun } = await import("./run-advice.ts");
      throw await adviseOnRun(error, { args, options }, terminal);
    });

/** Commands that start work, for which no earlier execution matters. */
const STARTING: ReadonlySet<string> = new Set(["fix", "plan", "quick", "ask", "land", "unland"]);

/** Commands of comments with a meaning of their own in the terminal. */
const OWN_MEANING: ReadonlySet<string> = new Set(["run", "help", "status", "explain", "graph", "approve"]);

/** A command of comments as a subcommand: the same row of the table, posted as the same comment. */
const toSubcommand = (row: CommandRow): NamedSubcommand => [
  row.name,
  {
    takes: row.usage.slice(row.name.length).trim(),
    summary: row.summary,
    load: () =>
      import("./person-command.ts").then(({ createPersonCommand, commandOptions }) => ({
        run: STARTING.has(row.name) ? createPersonCommand(row) : withRunAdvice(createPersonCommand(row), commandOptions),
        options: commandOptions,
      })),
  },
];

/** Subcommands about executions, on a local GitHub or a real one. */
export const EXECUTION_SUBCOMMANDS: readonly NamedSubcommand[] = [
  [
    "status",
    {
      takes: "[<execution>]",
      summary: "show the current state, and what waits for you",
      load: () =>
        import("./status-command.ts").then(({ runStatusCommand, statusOptions }) => ({ run: runStatusCommand, options: statusOptions })),
    },
  ],
  [
    "explain",
    {
      takes: "[<step>]",
      summary: "say why a step waits, was skipped, failed or is retried, and what to do",
      load: () =>
        import("./explain-command.ts").then(({ runExplainCommand, explainOptions }) => ({
          run: runExplainCommand,
          options: explainOptions,
        })),
    },
  ],
  [
    "watch",
    {
      takes: "[<execution>]",
      summary: "follow an execution to its end",
      load: () =>
        import("./watch-command.ts").then(({ runWatchCommand, watchOptions }) => ({
          run: withRunAdvice(runWatchCommand, watchOptions),
          options: watchOptions,
        })),
    },
  ],
  [
    "approve",
    {
      takes: "[<step> | <plan hash> | <task>@<result>]",
      summary: "approve the plan or a checkpoint, by comment or review",
      load: () =>
        import("./approve-command.ts").then(({ runApproveCommand, approveOptions }) => ({
          run: withRunAdvice(runApproveCommand, approveOptions),
          options: approveOptions,
        })),
    },
  ],
  [
    "review",
    {
      takes: "<step>",
      summary: "review a step's pull request",
      load: () =>
        import("./review-command.ts").then(({ runReviewCommand, reviewOptions }) => ({
          run: withRunAdvice(runReviewCommand, reviewOptions),
          options: reviewOptions,
        })),
    },
  ],
  [
    "logs",
    {
      takes: "[<step>]",
      summary: "print the log of a step's last attempt",
      load: () => import("./logs-command.ts").then(({ runLogsCommand, logsOptions }) => ({ run: runLogsCommand, options: logsOptions })),
    },
  ],
  [
    "report",
    {
      takes: "<execution>",
      summary: "report where the time went, and what was retried and why",
      load: () =>
        import("./report-command.ts").then(({ runReportCommand, reportOptions }) => ({ run: runReportCommand, options: reportOptions })),
    },
  ],
  [
    "page",
    {
      takes: "",
      summary: "show a repository's ledger as local pages, read-only",
      load: () => import("./page-command.ts").then(({ runPageCommand, pageOptions }) => ({ run: runPageCommand, options: pageOptions })),
    },
  ],
  ...COMMANDS.filter(({ name }) => !OWN_MEANING.has(name)).map(toSubcommand),
];
