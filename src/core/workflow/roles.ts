import { isStepId } from "../domain/ids.ts";
import { findNearestWord } from "../domain/nearest-word.ts";
import type { Report, WorkflowFaultCode } from "./fault.ts";
import { isJsonObject } from "./json.ts";
import { type OutputSchema, schemaProblem } from "./output-schema.ts";
import type { RoleData } from "./schema.ts";
import type { Section } from "./sections.ts";
import { suggest } from "./suggest.ts";
import { readTemplate } from "./template/parse.ts";
import type { Template } from "./template/syntax.ts";
import { type Foreach, type Tool, TOOLS, type Work, type WorkflowRole } from "./workflow.ts";

/** Names that may stand in a workflow; null where anything may. */
export type Known = {
  readonly roles: readonly string[];
  readonly models: readonly string[] | null;
  readonly workflows: readonly string[] | null;
};

export type RoleText = {
  readonly name: string;
  readonly data: RoleData;
  readonly section: Section | null;
  /** The line of one of its keys; of the role itself without one. */
  readonly lineOf: (key?: string) => number;
};

/** Longer names leave no room for what is added to them: the round, the item. */
const LONGEST_NAME = 40;

/** One role with its section. Faults are reported, and what has one is left at its default. */
export const readRole = (role: RoleText, known: Known, report: Report): WorkflowRole => {
  const { name, data, lineOf } = role;
  checkName(role, report);
  const check = (
    key: "role" | "model",
    code: WorkflowFaultCode,
    { names, more = "" }: { names: readonly string[] | null; more?: string },
  ): void => {
    const word = data[key];
    if (word === undefined || !names || names.includes(word)) return;
    const instead = findNearestWord(word, names) === null ? `${suggest(word, names)}${more}` : suggest(word, names);
    report({ code, line: lineOf(key), why: `role "${name}": there is no ${key} "${word}"`, instead });
  };
  check("role", "unknown-agent-role", { names: known.roles });
  check("model", "unknown-model", { names: known.models, more: ", or add it to `models` of `[agent]` in enki.toml" });
  const schema = readSchema(role, report);
  const properties = isJsonObject(schema?.["properties"]) ? schema["properties"] : {};
  return {
    name,
    line: lineOf(),
    work: readWork(role, known, report),
    tools: readTools(role, report),
    model: data.model ?? null,
    tier: data.tier ?? null,
    role: data.role ?? null,
    checkpoint: data.checkpoint,
    join: data.join,
    paths: data.paths,
    verify: data.verify,
    output: data.output ?? null,
    fields: data.fields,
    schema,
    ownStatus: data.fields.includes("status") || Object.hasOwn(properties, "status"),
    foreach: readForeach(role, report),
  };
};

const checkName = ({ name, lineOf }: RoleText, report: Report): void => {
  if (/^[a-z][a-z0-9_-]*$/.test(name) && !/--|-$/.test(name) && name.length <= LONGEST_NAME && isStepId(name)) return;
  const instead = `write a name of a-z, 0-9, _ and single - that begins with a letter, at most ${LONGEST_NAME} characters`;
  report({ code: "bad-role-name", line: lineOf(), why: `"${name}" cannot be a role's name`, instead });
};

const readTools = ({ name, data: { tools }, lineOf }: RoleText, report: Report): readonly Tool[] | null => {
  if (tools === undefined || tools.length === 0) return null;
  if (tools === "none") return [];
  return tools.flatMap((word) => {
    const tool = TOOLS.find((each) => each === word);
    if (tool) return [tool];
    report({
      code: "unknown-tool",
      line: lineOf("tools"),
      why: `role "${name}": there is no tool "${word}"`,
      instead: suggest(word, TOOLS),
    });
    return [];
  });
};

const readSchema = ({ name, data: { schema }, lineOf }: RoleText, report: Report): OutputSchema | null => {
  if (!isJsonObject(schema)) return null;
  const problem = schemaProblem(schema);
  if (problem === null) return schema;
  const instead = "write a small JSON Schema: `{ type: object, properties: { verdict: { enum: [LGTM, reject] } }, required: [verdict] }`";
  report({ code: "bad-schema", line: lineOf("schema"), why: `role "${name}": the schema cannot be used: ${problem}`, instead });
  return null;
};

const readForeach = ({ name, data, lineOf }: RoleText, report: Report): Foreach | null => {
  if (data.foreach === undefined) return null;
  const { over, max } = typeof data.foreach === "string" ? { over: data.foreach, max: 20 } : data.foreach;
  const [, role, field] = /^\.?([A-Za-z0-9_-]+)\.([A-Za-z_][A-Za-z0-9_]*)$/.exec(over) ?? [];
  if (role !== undefined && field !== undefined) return { role, field, max };
  report({
    code: "bad-value",
    line: lineOf("foreach"),
    why: `role "${name}": "${over}" names no field of a role`,
    instead: "write `planner.items`",
  });
  return null;
};

const NOT_WITH_RUN = ["workflow", "tools", "model", "role", "schema"] as const;
const NOT_WITH_CALL = ["tools", "model", "tier", "role", "schema", "output", "paths", "verify"] as const;

const isSet = (value: unknown): boolean => value !== undefined && !(Array.isArray(value) && value.length === 0);

const readWork = (role: RoleText, known: Known, report: Report): Work => {
  const { data, name, lineOf } = role;
  const kind = data.run === undefined ? (data.workflow === undefined ? null : "workflow") : "run";
  if (kind === null) return { kind: "agent", prompt: readPrompt(role, report) };
  for (const key of kind === "run" ? NOT_WITH_RUN : NOT_WITH_CALL) {
    if (isSet(data[key])) {
      report({
        code: "conflicting-keys",
        line: lineOf(key),
        why: `role "${name}": \`${key}\` means nothing beside \`${kind}\``,
        instead: `remove \`${key}\` or \`${kind}\``,
      });
    }
  }
  if (data.run !== undefined) return readRun(role, data.run, report);
  return readCall(role, { workflow: data.workflow ?? "", known, report });
};

const readPrompt = ({ name, section, lineOf }: RoleText, report: Report): Template => {
  if (!section) {
    const why = `role "${name}" has no section: there is no \`## ${name}\` in the body`;
    report({
      code: "missing-section",
      line: lineOf(),
      why,
      instead: `write \`## ${name}\` and its prompt below the front matter, or \`run:\` here`,
    });
    return { source: "", nodes: [] };
  }
  if (section.text === "") {
    report({ code: "empty-section", line: section.heading, why: `role "${name}" has an empty section`, instead: "write what it is to do" });
  }
  return readSection(name, section, report);
};

const readSection = (name: string, section: Section, report: Report): Template => {
  const read = readTemplate(section.text, section.line);
  if (read.ok) return read.template;
  report({ ...read.fault, why: `role "${name}": ${read.fault.why}` });
  return { source: section.text, nodes: [] };
};

const readRun = ({ name, section }: RoleText, command: string, report: Report): Work => {
  if (section) {
    report({
      code: "unused-section",
      line: section.heading,
      why: `role "${name}" runs a command and reads no section`,
      instead: "remove the section, or `run`",
    });
  }
  return { kind: "run", command };
};

const readCall = (
  { name, section, lineOf }: RoleText,
  { workflow, known, report }: { workflow: string; known: Known; report: Report },
): Work => {
  if (known.workflows && !known.workflows.includes(workflow)) {
    const why = `role "${name}": there is no workflow "${workflow}"`;
    report({ code: "unknown-workflow", line: lineOf("workflow"), why, instead: suggest(workflow, known.workflows) });
  }
  const text = section ?? { text: "{{ .Args }}", line: lineOf("workflow"), heading: lineOf("workflow") };
  return { kind: "call", workflow, args: readSection(name, text, report) };
};
