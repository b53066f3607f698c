import { readFileSync } from "node:fs";
import { parse as parseYaml } from "yaml";
import { HELP_GROUPS, type HelpGroup } from "../../src/cli/help-groups.ts";
import { SUBCOMMANDS } from "../../src/cli/subcommands.ts";
import { COMMANDS } from "../../src/core/commands/command-table.ts";
import { configFileSchema, roleFileSchema } from "../../src/core/config/config-schema.ts";
import { frontMatterSchema, roleSchema } from "../../src/core/workflow/front-matter-schema.ts";
import { formatCode, formatPage, formatSentence, formatTable } from "./markdown.ts";
import { writeRefusalsPage } from "./refusals.ts";
import { formatKeyTable, listKeySections } from "./schema-keys.ts";

const AGENT_SECTIONS: ReadonlySet<string> = new Set(["planner", "coordinator", "worker", "merger", "sidecar"]);

/** The keys of the files that people write: `enki.toml`, roles and workflows. */
const writeConfigurationPage = (): string => {
  const all = listKeySections(configFileSchema);
  // The sections of single agents repeat the keys of `[agent]`.
  const repeated = all.filter(({ path }) => AGENT_SECTIONS.has(path.at(-1) ?? ""));
  const sections = all
    .filter((each) => !repeated.includes(each))
    .map(({ path, keys }) => `### \`[${path.join(".")}]\`\n\n${formatKeyTable(keys)}`);
  const agents = formatTable(
    ["section", "meaning"],
    repeated.map(({ path, about }) => [`\`[${path.join(".")}]\``, about]),
  );
  const [role] = listKeySections(roleFileSchema);
  const [workflow] = listKeySections(frontMatterSchema);
  const [workflowRole] = listKeySections(roleSchema);
  return formatPage("Configuration", "the schemas in `src/core/config/` and `src/core/workflow/`", [
    "Every key of the files that people write, with its type, its default and its meaning. `enki validate` names every mistake with file and line, `enki config` prints what is in force and which file says so, and `enki schema config` prints the JSON Schema for your editor. No key is required unless the table says so; an unknown key is a mistake.",
    "## `.enki/enki.toml`",
    ...sections,
    `### The agents of single kinds of jobs\n\nEach of these sections has the keys of \`[agent]\`, except \`models\`, and overrides them.\n\n${agents}`,
    `## \`.enki/roles/<any name>.toml\`\n\nSee [writing roles](../writing-roles.md).\n\n${formatKeyTable(role?.keys ?? [])}`,
    `## \`.enki/workflows/<name>.md\`: the front matter\n\nSee [writing workflows](../writing-workflows.md).\n\n${formatKeyTable(workflow?.keys ?? [])}`,
    `### Each role under \`roles\`\n\n${formatKeyTable(workflowRole?.keys ?? [])}`,
  ]);
};

const formatCommand = ({ name, aliases, usage, example, summary, permission }: (typeof COMMANDS)[number]): string =>
  [
    `## \`/enki ${name}\``,
    formatSentence(summary),
    [
      `- usage: \`/enki ${usage}\`${aliases.map((alias) => `, or \`/enki ${alias}\``).join("")}`,
      `- example: \`/enki ${example}\``,
      `- permission: ${permission}`,
      ...(SUBCOMMANDS.has(name) ? [`- in the terminal: [\`enki ${name}\`](cli.md#enki-${name})`] : []),
    ].join("\n"),
  ].join("\n\n");

const writeCommandsPage = (): string =>
  formatPage("Commands", "`src/core/commands/command-table.ts`", [
    "Write a command at the start of a line of a comment, a review or a new issue. `@<app> fix …` is the same as `/enki fix …`. A command in code, in a quote or in HTML is ignored. [What starts Enki](../reading.md) has the details.",
    ...COMMANDS.map(formatCommand),
  ]);

const formatOption = ([name, { type, value, default: preset, about }]: [
  string,
  { type: string; value?: string; default?: string | boolean; about: string },
]): string[] => [
  formatCode(`--${name}${type === "boolean" ? "" : ` ${value ?? "<value>"}`}`),
  preset === undefined || preset === false || preset === "" ? "" : formatCode(String(preset)),
  about,
];

const formatSubcommand = async (name: string): Promise<string> => {
  const subcommand = SUBCOMMANDS.get(name);
  if (subcommand === undefined) throw new Error(`there is no subcommand ${name}`);
  const { options } = await subcommand.load();
  const rows = Object.entries(options).map(formatOption);
  const call = [`enki ${name}`, ...(rows.length > 0 ? ["[options]"] : []), ...(subcommand.takes === "" ? [] : [subcommand.takes])];
  return [
    `### enki ${name}`,
    formatSentence(subcommand.summary),
    `Usage: \`${call.join(" ")}\``,
    ...(rows.length > 0 ? [formatTable(["option", "default", "meaning"], rows)] : []),
  ].join("\n\n");
};

const formatHelpGroup = async ({ title, names }: HelpGroup): Promise<string> =>
  [`## ${title}`, ...(await Promise.all(names.map(formatSubcommand)))].join("\n\n");

const writeCliPage = async (): Promise<string> =>
  formatPage("Command line", "`src/cli/subcommands.ts`", [
    "`enki <subcommand> --help` prints the same. Exit codes: 0 done, 1 failed or refused, 2 the command line is wrong, 3 a person's approval or answer is missing, 130 interrupted. See [the terminal](../terminal.md).",
    ...(await Promise.all(HELP_GROUPS.map(formatHelpGroup))),
  ]);

type ActionFile = {
  readonly description: string;
  readonly inputs: Readonly<Record<string, { description: string; required?: boolean; default?: string }>>;
  readonly outputs: Readonly<Record<string, { description: string }>>;
};

const writeActionPage = (root: string): string => {
  const { description, inputs, outputs } = parseYaml(readFileSync(`${root}/action.yml`, "utf8")) as ActionFile;
  return formatPage("The Action", "`action.yml`", [
    `${description} [CI](../ci.md) shows \`command: run\` in a workflow; the other commands are those of the workflow files that \`enki init\` writes.`,
    "## Inputs",
    formatTable(
      ["input", "default", "meaning"],
      Object.entries(inputs).map(([name, { description: about, required, default: preset }]) => [
        formatCode(name),
        required === true ? "required" : preset === undefined ? "" : formatCode(preset),
        about,
      ]),
    ),
    "## Outputs",
    formatTable(
      ["output", "meaning"],
      Object.entries(outputs).map(([name, { description: about }]) => [formatCode(name), about]),
    ),
  ]);
};

/** The generated pages of `docs/reference`, by file name. */
export const writeReferencePages = async (root: string): Promise<ReadonlyMap<string, string>> =>
  new Map([
    ["configuration.md", writeConfigurationPage()],
    ["commands.md", writeCommandsPage()],
    ["cli.md", await writeCliPage()],
    ["action.md", writeActionPage(root)],
    ["refusals.md", writeRefusalsPage(root)],
  ]);
