import { findHiddenChar } from "../domain/hidden-chars.ts";
import { isStepId } from "../domain/ids.ts";
import { findNearestWord } from "../domain/nearest-word.ts";
import { type FaultReporter, toHiddenCharFault, type WorkflowFaultCode } from "./workflow-fault.ts";
import { isJsonObject } from "./read-json.ts";
import { type OutputSchema, findSchemaProblem } from "./output-schema.ts";
import type { RoleData } from "./front-matter-schema.ts";
import type { RoleSection } from "./read-sections.ts";
import { suggestName } from "./suggest-name.ts";
import { readTemplate } from "./template/read-template.ts";
import type { Template } from "./template/template.ts";
import { type RoleForeach, type ToolName, TOOL_NAMES, type RoleWork, type WorkflowRole } from "./workflow.ts";

/** Names that a workflow may use; null allows any name. */
export type KnownNames = {
  readonly roles: readonly string[];
  readonly models: readonly string[] | null;
  readonly workflows: readonly string[] | null;
};

export type RoleText = {
  readonly name: string;
  readonly data: RoleData;
  readonly section: RoleSection | null;
  /** The line of one of its keys, or of the role itself. */
  readonly lineOf: (key?: string) => number;
};

/** In characters. The limit leaves room for the round and the item, which ids append to the name. */
const MAX_ROLE_NAME_CHARS = 40;

/** Reads a role with its section. Reports faults and leaves faulty keys at their defaults. */
export const readRole = (role: RoleText, known: KnownNames, report: FaultReporter): WorkflowRole => {
  const { name, data, lineOf } = role;
  checkRoleName(role, report);
  checkRoleTexts(role, report);
  const check = (
    key: "role" | "model",
    code: WorkflowFaultCode,
    { names, more = "" }: { names: readonly string[] | null; more?: string },
  ): void => {
    const word = data[key];
    if (word === undefined || !names || names.includes(word)) return;
    const instead = (): string => `${suggestName(word, names)}${findNearestWord(word, names) === null ? more : ""}`;
    report({ code, line: lineOf(key), reason: `role "${name}": there is no ${key} "${word}"`, instead });
  };
  check("role", "unknown-agent-role", { names: known.roles });
  check("model", "unknown-model", { names: known.models, more: ", or add it to `models` of `[agent]` in enki.toml" });
  const schema = readOutputSchema(role, report);
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
    hasStatusField: data.fields.includes("status") || Object.hasOwn(properties, "status"),
    foreach: readForeach(role, report),
  };
};

const checkRoleName = ({ name, lineOf }: RoleText, report: FaultReporter): void => {
  if (/^[a-z][a-z0-9_-]*$/.test(name) && !/--|-$/.test(name) && name.length <= MAX_ROLE_NAME_CHARS && isStepId(name)) return;
  const instead = `write a name of a-z, 0-9, _ and single - that begins with a letter, at most ${MAX_ROLE_NAME_CHARS} characters`;
  report({ code: "bad-role-name", line: lineOf(), reason: `"${name}" cannot be a role's name`, instead });
};

/** An escape in the front matter can stand for a hidden character. */
const checkRoleTexts = ({ name, data, lineOf }: RoleText, report: FaultReporter): void => {
  const texts = { run: data.run === undefined ? [] : [data.run], verify: data.verify, paths: data.paths };
  for (const key of ["run", "verify", "paths"] as const) {
    const found = texts[key].flatMap((text) => findHiddenChar(text, "prose") ?? [])[0];
    if (found) report(toHiddenCharFault(found, lineOf(key), `role "${name}": \`${key}\``));
  }
};

const readTools = ({ name, data: { tools }, lineOf }: RoleText, report: FaultReporter): readonly ToolName[] | null => {
  if (tools === undefined || tools.length === 0) return null;
  if (tools === "none") return [];
  return tools.flatMap((word) => {
    const tool = TOOL_NAMES.find((each) => each === word);
    if (tool) return [tool];
    report({
      code: "unknown-tool",
      line: lineOf("tools"),
      reason: `role "${name}": there is no tool "${word}"`,
      instead: suggestName(word, TOOL_NAMES),
    });
    return [];
  });
};

const readOutputSchema = ({ name, data: { schema }, lineOf }: RoleText, report: FaultReporter): OutputSchema | null => {
  if (!isJsonObject(schema)) return null;
  const problem = findSchemaProblem(schema);
  if (problem === null) return schema;
  const instead = "write a small JSON Schema: `{ type: object, properties: { verdict: { enum: [LGTM, reject] } }, required: [verdict] }`";
  report({ code: "bad-schema", line: lineOf("schema"), reason: `role "${name}": the schema cannot be used: ${problem}`, instead });
  return null;
};

const readForeach = ({ name, data, lineOf }: RoleText, report: FaultReporter): RoleForeach | null => {
  if (data.foreach === undefined) return null;
  const { over, max } = typeof data.foreach === "string" ? { over: data.foreach, max: 20 } : data.foreach;
  const [, role, field] = /^\.?([A-Za-z0-9_-]+)\.([A-Za-z_][A-Za-z0-9_]*)$/.exec(over) ?? [];
  if (role !== undefined && field !== undefined) return { role, field, max };
  report({
    code: "bad-value",
    line: lineOf("foreach"),
    reason: `role "${name}": "${over}" names no field of a role`,
    instead: "write `planner.items`",
  });
  return null;
};

const NOT_WITH_RUN = ["workflow", "tools", "model", "role", "schema"] as const;
const NOT_WITH_CALL = ["tools", "model", "tier", "role", "schema", "output", "paths", "verify"] as const;

const isGiven = (value: unknown): boolean => value !== undefined && !(Array.isArray(value) && value.length === 0);

const readWork = (role: RoleText, known: KnownNames, report: FaultReporter): RoleWork => {
  const { data, name, lineOf } = role;
  const kind = data.run === undefined ? (data.workflow === undefined ? null : "workflow") : "run";
  if (kind === null) return { kind: "agent", prompt: readPrompt(role, report) };
  for (const key of kind === "run" ? NOT_WITH_RUN : NOT_WITH_CALL) {
    if (isGiven(data[key])) {
      report({
        code: "conflicting-keys",
        line: lineOf(key),
        reason: `role "${name}": \`${key}\` means nothing beside \`${kind}\``,
        instead: `remove \`${key}\` or \`${kind}\``,
      });
    }
  }
  if (data.run !== undefined) return readRun(role, data.run, report);
  return readCall(role, { workflow: data.workflow ?? "", known, report });
};

const readPrompt = ({ name, section, lineOf }: RoleText, report: FaultReporter): Template => {
  if (!section) {
    const why = `role "${name}" has no section: there is no \`## ${name}\` in the body`;
    report({
      code: "missing-section",
      line: lineOf(),
      reason: why,
      instead: `write \`## ${name}\` and its prompt below the front matter, or \`run:\` here`,
    });
    return { source: "", nodes: [] };
  }
  if (section.text === "") {
    report({
      code: "empty-section",
      line: section.heading,
      reason: `role "${name}" has an empty section`,
      instead: "write what it is to do",
    });
  }
  return readSection(name, section, report);
};

const readSection = (name: string, section: RoleSection, report: FaultReporter): Template => {
  const read = readTemplate(section.text, section.line);
  if (read.ok) return read.template;
  report({ ...read.fault, reason: `role "${name}": ${read.fault.reason}` });
  return { source: section.text, nodes: [] };
};

const readRun = ({ name, section }: RoleText, command: string, report: FaultReporter): RoleWork => {
  if (section) {
    report({
      code: "unused-section",
      line: section.heading,
      reason: `role "${name}" runs a command and reads no section`,
      instead: "remove the section, or `run`",
    });
  }
  return { kind: "run", command };
};

const readCall = (
  { name, section, lineOf }: RoleText,
  { workflow, known, report }: { workflow: string; known: KnownNames; report: FaultReporter },
): RoleWork => {
  if (known.workflows && !known.workflows.includes(workflow)) {
    const why = `role "${name}": there is no workflow "${workflow}"`;
    report({
      code: "unknown-workflow",
      line: lineOf("workflow"),
      reason: why,
      instead: () => suggestName(workflow, known.workflows ?? []),
    });
  }
  const text = section ?? { text: "{{ .Args }}", line: lineOf("workflow"), heading: lineOf("workflow") };
  return { kind: "call", workflow, args: readSection(name, text, report) };
};
