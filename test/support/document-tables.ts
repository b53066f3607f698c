import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { parse as parseToml } from "smol-toml";
import { parse as parseYaml } from "yaml";
import type { z } from "zod";
import { AGENT_PROGRAMS } from "../../src/core/domain/agent-program.ts";
import { AGENT_PRESETS } from "../../src/job/agent/find-preset.ts";
import { AGENT_PROTOCOLS } from "../../src/core/domain/agent-command.ts";
import {
  agentSectionSchema,
  briefSchema,
  policySchema,
  budgetSchema,
  notifySchema,
  roleFileSchema,
  triggersSchema,
} from "../../src/core/config/config-schema.ts";
import { toJsonSchema } from "../../src/core/config/schema-node.ts";
import { stepInputSchema } from "../../src/job/tools/plan-input.ts";
import { COMMANDS } from "../../src/core/commands/command-table.ts";
import { agentScriptSchema, sceneSchema } from "../../src/cli/scripted-agent/agent-script.ts";
import { EXECUTION_TRANSITIONS } from "../../src/core/domain/execution-lifecycle.ts";
import { QUEUE_ITEM_TRANSITIONS } from "../../src/core/domain/queue-item-lifecycle.ts";
import { STEP_TRANSITIONS } from "../../src/core/domain/step-transitions.ts";
import { ALWAYS_PROTECTED, LOCK_FILES, PROTECTED_GROUPS } from "../../src/core/policy/protected-paths.ts";
import { CHECK_STATE_MEANINGS } from "../../src/core/policy/evaluate-checks.ts";
import { frontMatterSchema, roleSchema as flowRoleSchema } from "../../src/core/workflow/front-matter-schema.ts";
import { FUNCTION_ARITIES } from "../../src/core/workflow/template/template.ts";
import { TOOL_NAMES } from "../../src/core/workflow/workflow.ts";

const presets = Object.values(AGENT_PRESETS);

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  [heads, heads.map(() => "---"), ...rows].map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`).join("\n");

/** Lists the possible values of each key of a schema, and its default. */
const keys = (schema: z.ZodType): string => {
  const { properties = {}, required = [] } = toJsonSchema(schema);
  const rows = Object.entries(properties).map(([name, node]) => {
    const { description = "", ...rest } = node as { description?: string; default?: unknown };
    const left = required.includes(name) ? "required" : rest.default === undefined ? "" : `\`${JSON.stringify(rest.default)}\``;
    return [`\`${name}\``, description, left];
  });
  return table(["key", "what it says", "default"], rows);
};

type RoleText = { name: string; description: string };
const builtInRoles = (): string =>
  table(
    ["role", "what it is for"],
    readdirSync(new URL("../../roles", import.meta.url))
      .toSorted()
      .map((file) => parseToml(read(`roles/${file}`)) as unknown as RoleText)
      .map(({ name, description }) => [`\`${name}\``, description]),
  );

type ActNode = {
  readonly description: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
};

/** Lists the acts of a rehearsal by their keys; optional keys are in brackets. */
const acts = (): string => {
  const { act } = (toJsonSchema(sceneSchema).properties ?? {}) as unknown as { act: { items: { anyOf: readonly ActNode[] } } };
  return table(
    ["keys", "what the agent does"],
    act.items.anyOf.map(({ description, properties, required = [] }) => [
      Object.keys(properties)
        .map((name) => (required.includes(name) ? `\`${name}\`` : `[\`${name}\`]`))
        .join(", "),
      description,
    ]),
  );
};

const builtInWorkflows = (): string =>
  table(
    ["workflow", "what it does"],
    readdirSync(new URL("../../workflows", import.meta.url))
      .toSorted()
      .map((file) => {
        const [, front = ""] = /^---\n([^]*?)\n---\n/.exec(read(`workflows/${file}`)) ?? [];
        return [`[\`${basename(file, ".md")}\`](../workflows/${file})`, (parseYaml(front) as { description: string }).description];
      }),
  );

const tools = (): string =>
  table(
    ["tool", ...presets.map(({ label }) => label)],
    [
      ...TOOL_NAMES.map((tool) => [`\`${tool}\``, ...presets.map(({ names }) => names[tool].map((name) => `\`${name}\``).join(", "))]),
      [
        "_started as_",
        ...Object.values(AGENT_PROGRAMS).map(({ acp, headless }) =>
          [...new Set([...headless.programs, ...acp.programs])].map((name) => `\`${name}\``).join(", "),
        ),
      ],
      ["`model`", ...presets.map(({ model }) => `\`${model}\``)],
    ],
  );

const code = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(", ");

const REPORTS = { cost: "tokens and cost", tokens: "tokens", nothing: "nothing" } as const;

/** Writes ten lines about each preset, from the code's tables. */
const agentPresets = (): string =>
  presets
    .map(
      ({ name, label, keys: [key, ...others], variables, clouds, login, loginCommand, model, reports, needsKey, names, outsideKeys }) => {
        const { preferred, ...programs } = AGENT_PROGRAMS[name];
        const lines = AGENT_PROTOCOLS.toSorted((one, two) => Number(two === preferred) - Number(one === preferred)).map((protocol) => {
          const { package: pack, version, programs: commands, args } = programs[protocol];
          return `${protocol === preferred ? "speaks" : "or speaks"} \`${protocol}\`: \`${[commands[0], ...args].join(" ")}\` of \`${pack}@${version}\`, reports ${REPORTS[reports[protocol]]}`;
        });
        return [
          `### ${label}: \`preset = "${name}"\``,
          "",
          ...[
            ...lines,
            `key: \`${key}\`${needsKey ? "" : " (or none, for a model on the machine)"}; otherwise ${code(others)}`,
            ...(login === null ? [] : [`with a subscription: \`${login}\` prints the token for \`CLAUDE_CODE_OAUTH_TOKEN\``]),
            `on one machine, also with a login: \`${loginCommand}\``,
            `stays outside the agent: ${code(outsideKeys)}`,
            `it also receives ${code(variables)}`,
            ...Object.entries(clouds).map(([cloud, more]) => `with \`${cloud}\`: ${code(more)}`),
            `a tier's model: \`${model}\``,
            `its tools that write: ${code([...new Set([...names.write, ...names.edit])])}; its shell: ${code(names.bash)}`,
          ].map((line) => `- ${line}`),
        ].join("\n");
      },
    )
    .join("\n\n");

const functions = (): string =>
  table(
    ["function", "takes"],
    Object.entries(FUNCTION_ARITIES).map(([name, [least, most]]) => [
      `\`${name}\``,
      least === most ? `${least}` : most === Infinity ? `${least} or more` : `${least} to ${most}`,
    ]),
  );

const commands = (): string =>
  table(
    ["command", "what it does", "who"],
    COMMANDS.map(({ usage, aliases, summary, permission }) => [
      [`\`/enki ${usage}\``, ...aliases.map((alias) => `(also \`/enki ${alias}\`)`)].join(" "),
      summary,
      permission,
    ]),
  );

const checks = (): string =>
  table(
    ["state", "means", "because"],
    Object.entries(CHECK_STATE_MEANINGS).map(([state, { means, reason }]) => [state, means, reason]),
  );

/** Formats a list of states; the complete list is a single word. */
const stateList = (states: readonly string[], all: number): string =>
  states.length === all ? "any" : states.map((state) => `\`${state}\``).join(", ");

type Transitions = Readonly<Record<string, { readonly from: readonly string[]; readonly to: readonly string[]; readonly when: string }>>;

const transitions = (all: Transitions, states: number) => (): string =>
  table(
    ["transition", "from", "to", "when"],
    Object.entries(all).map(([name, { from, to, when }]) => [`\`${name}\``, stateList(from, states), stateList(to, states), when]),
  );

const protectedGroups = (): string => {
  const list = (globs: readonly string[]): string => globs.map((glob) => `\`${glob}\``).join(", ");
  return table(
    ["name", "what it protects", "globs"],
    [
      ["_always_", "what runs without a review", list(ALWAYS_PROTECTED)],
      ...PROTECTED_GROUPS.map(({ name, about, globs }) => [`\`${name}\``, about, list(globs)]),
      [`\`${LOCK_FILES}\``, "what is installed", "lock files, unless a manifest in their folder or below changes with them"],
    ],
  );
};

/** Draws the usual life of a step; transitions from four states or more appear only in the table. */
const stepDiagram = (): string => {
  const arrows = Object.entries(STEP_TRANSITIONS).flatMap(([name, { from, to }]) =>
    from.length > 3 ? [] : from.flatMap((state) => to.filter((next) => next !== state).map((next) => `  ${state} --> ${next}: ${name}`)),
  );
  return ["```mermaid", "stateDiagram-v2", "  [*] --> pending", ...arrows, "```"].join("\n");
};

/** Generated tables of the documents, by file and by the mark around each. */
export const TABLES: readonly (readonly [file: string, mark: string, table: () => string])[] = [
  ["README.md", "commands", commands],
  ["docs/agents.md", "agent-presets", agentPresets],
  ["docs/agents.md", "agent-keys", () => keys(agentSectionSchema)],
  ["docs/writing-roles.md", "role-keys", () => keys(roleFileSchema)],
  ["docs/writing-roles.md", "built-in-roles", builtInRoles],
  ["docs/writing-workflows.md", "workflow-keys", () => keys(frontMatterSchema)],
  ["docs/writing-workflows.md", "workflow-role-keys", () => keys(flowRoleSchema)],
  ["docs/writing-workflows.md", "tools", tools],
  ["docs/writing-workflows.md", "functions", functions],
  ["docs/writing-workflows.md", "built-in-workflows", builtInWorkflows],
  ["docs/rehearsals.md", "scene-keys", () => keys(sceneSchema)],
  ["docs/rehearsals.md", "acts", acts],
  ["docs/rehearsals.md", "planned-step-keys", () => keys(stepInputSchema)],
  ["docs/rehearsals.md", "rehearsal-keys", () => keys(agentScriptSchema)],
  ["docs/landing.md", "checks", checks],
  ["docs/agents.md", "budget-keys", () => keys(budgetSchema)],
  ["docs/reviewing.md", "notify-keys", () => keys(notifySchema)],
  ["docs/security.md", "policy-keys", () => keys(policySchema)],
  ["docs/security.md", "protected", protectedGroups],
  ["docs/architecture.md", "step-diagram", stepDiagram],
  ["docs/architecture.md", "step-transitions", transitions(STEP_TRANSITIONS, 11)],
  ["docs/architecture.md", "execution-transitions", transitions(EXECUTION_TRANSITIONS, 8)],
  ["docs/architecture.md", "queue-item-transitions", transitions(QUEUE_ITEM_TRANSITIONS, 4)],
  ["docs/reading.md", "brief-keys", () => keys(briefSchema)],
  ["docs/reading.md", "trigger-keys", () => keys(triggersSchema)],
];
