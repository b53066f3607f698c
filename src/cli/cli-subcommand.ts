import type { OptionDefinitions } from "./command-options.ts";
import type { TerminalHost } from "./terminal-host.ts";

export type CliSubcommand = {
  /** Arguments besides options, as shown in the help. */
  readonly takes: string;
  readonly summary: string;
  /** Loads the subcommand's modules; the others are not loaded. */
  readonly load: () => Promise<LoadedSubcommand>;
};

export type SubcommandRunner = (args: readonly string[], terminal: TerminalHost) => Promise<number>;

type LoadedSubcommand = { readonly options: OptionDefinitions; readonly run: SubcommandRunner };

export type NamedSubcommand = readonly [name: string, subcommand: CliSubcommand];
