import { checkGit } from "../storage/git/check-git.ts";
import { findNearestWord } from "../core/domain/nearest-word.ts";
import { PRODUCT } from "../core/domain/product.ts";
import type { CliSubcommand } from "./cli-subcommand.ts";
import { CommandError, describeOptions, UsageError } from "./command-options.ts";
import { HELP_GROUPS } from "./help-groups.ts";
import { SUBCOMMANDS } from "./subcommands.ts";
import type { TerminalHost } from "./terminal-host.ts";

const NAME_WIDTH_CHARS = Math.max(...[...SUBCOMMANDS.keys()].map((name) => name.length));

const formatHelpLine = (name: string): string => `  enki ${name.padEnd(NAME_WIDTH_CHARS)}  ${SUBCOMMANDS.get(name)?.summary ?? ""}`;

const formatHelp = (): string =>
  [
    "enki: /enki fix … on an issue becomes landed pull requests",
    "",
    ...HELP_GROUPS.flatMap(({ title, names }) => [title, ...names.map((name) => formatHelpLine(name)), ""]),
    "enki <subcommand> --help lists its options. Set ENKI_LOG=1 to print Enki's log.",
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
    const meant = findNearestWord(asked, [...SUBCOMMANDS.keys(), "help"]);
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

/** An error as a helpful sentence. */
const formatCommandError = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  if ("code" in error && error.code === "EADDRINUSE") {
    const port = "port" in error ? `port ${String(error.port)}` : "the port";
    return `${port} is in use; choose another with --port, or 0 for any free port`;
  }
  return error.message;
};
