import type { NamedSubcommand } from "./cli-subcommand.ts";
import { type OptionDefinitions, readWords, UsageError } from "./command-options.ts";
import type { TerminalHost } from "./terminal-host.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

type CompletedSubcommand = { readonly name: string; readonly summary: string; readonly options: OptionDefinitions };

const listOptions = ({ options }: CompletedSubcommand): string =>
  Object.keys(options)
    .map((name) => `--${name}`)
    .join(" ");

const formatBash = (all: readonly CompletedSubcommand[]): string => `_enki() {
  local word="\${COMP_WORDS[COMP_CWORD]}"
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${all.map(({ name }) => name).join(" ")}" -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${all.map((each) => `    ${each.name}) COMPREPLY=($(compgen -o default -W "${listOptions(each)}" -- "$word")) ;;`).join("\n")}
  esac
}
complete -F _enki enki
`;

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const formatZsh = (all: readonly CompletedSubcommand[]): string => `#compdef enki
_enki() {
  local -a subcommands
  subcommands=(
${all.map(({ name, summary }) => `    ${quote(`${name}:${summary.replaceAll(":", "\\:")}`)}`).join("\n")}
  )
  if (( CURRENT == 2 )); then _describe 'subcommand' subcommands; return; fi
  case "$words[2]" in
${all.map((each) => `    ${each.name}) compadd -- ${listOptions(each)}; _files ;;`).join("\n")}
  esac
}
compdef _enki enki
`;

const formatFish = (all: readonly CompletedSubcommand[]): string =>
  all
    .flatMap(({ name, summary, options }) => [
      `complete -c enki -n __fish_use_subcommand -a ${name} -d ${quote(summary)}`,
      ...Object.entries(options).map(
        ([option, { about }]) => `complete -c enki -n '__fish_seen_subcommand_from ${name}' -l ${option} -d ${quote(about)}`,
      ),
    ])
    .join("\n")
    .concat("\n");

/** `enki completion bash|zsh|fish`: prints the completions of a shell, made from the table of subcommands. */
export const createCompletionCommand =
  (list: () => readonly NamedSubcommand[]) =>
  async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
    const [shell] = readWords(args, 1);
    const known = SHELLS.find((each) => each === shell);
    if (known === undefined) throw new UsageError(`name a shell: enki completion ${SHELLS.join("|")}`);
    const format = { bash: formatBash, zsh: formatZsh, fish: formatFish }[known];
    const all = await Promise.all(list().map(async ([name, { summary, load }]) => ({ name, summary, options: (await load()).options })));
    terminal.out(format(all));
    return 0;
  };
