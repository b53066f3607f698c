import { findHiddenChar } from "../domain/hidden-chars.ts";
import { checkReferences } from "./check-references.ts";
import { type EdgeText, readEdge, type WrittenEdge, type WrittenLoop } from "./read-edge.ts";
import { type FoundFault, type FaultReporter, toHiddenCharFault, type WorkflowFault } from "./workflow-fault.ts";
import { type FrontMatter, readFrontMatter } from "./read-front-matter.ts";
import { type KnownNames, readRole } from "./read-role.ts";
import { readSections } from "./read-sections.ts";
import { readFrontMatterShape, type FrontMatterShape } from "./front-matter-shape.ts";
import { suggestName } from "./suggest-name.ts";
import { assembleGraph } from "./assemble-graph.ts";
import type { Workflow, WorkflowRole } from "./workflow.ts";

export type WorkflowText = {
  readonly name: string;
  readonly path: string;
  readonly text: string;
  /** Role names of the configuration, for `role:`. */
  readonly roles: readonly string[];
  /** Model names that `model:` may use; null if they are unknown. */
  readonly models: readonly string[] | null;
  /** Workflow names that `workflow:` may use; null leaves the check to `checkCalls`. */
  readonly workflows?: readonly string[] | null;
};

export type ReadWorkflow =
  | { readonly ok: true; readonly value: Workflow }
  | { readonly ok: false; readonly faults: readonly WorkflowFault[] };

const MAX_FILE_CHARS = 256_000;
const MAX_ROLES = 5_000;

/** More faults are not reported, because each takes a search for the intended name. */
const MAX_FAULTS_REPORTED = 200;

/** Reads a workflow file. Returns the workflow, or its first faults in line order. */
export const readWorkflow = (source: WorkflowText): ReadWorkflow => {
  const faultsFound: FoundFault[] = [];
  const workflow = readParts(source, (each) => faultsFound.push(each));
  if (workflow && faultsFound.length === 0) return { ok: true, value: workflow };
  const first = faultsFound.sort((a, b) => a.line - b.line).slice(0, MAX_FAULTS_REPORTED);
  return { ok: false, faults: first.map((found) => toWorkflowFault(source.path, found)) };
};

const toWorkflowFault = (file: string, { code, line, reason, instead }: FoundFault): WorkflowFault => ({
  code,
  file,
  line,
  reason,
  instead: typeof instead === "string" ? instead : instead(),
});

const readParts = (source: WorkflowText, report: FaultReporter): Workflow | null => {
  const { name, path, text } = source;
  if (text.length > MAX_FILE_CHARS) {
    report({
      code: "too-large",
      line: 1,
      reason: `the file has ${text.length} characters, at most ${MAX_FILE_CHARS} are read`,
      instead: "make several workflows, and call one from the other",
    });
    return null;
  }
  reportHiddenChars(text, report);
  const front = readFrontMatter(text, report);
  const shape = front && readFrontMatterShape(front, report);
  if (!front || !shape || !checkRoleCount(shape, front.lineOf(["roles"]), report)) return null;
  const roles = readRoles({ front, shape, source }, report);
  const { edges, loops } = readEdges(front, shape, report);
  const wired = assembleGraph({ roles, edges, loops }, report);
  if (!wired) return null;
  const wanted = checkReferences(wired, report);
  const withFields = (role: WorkflowRole): WorkflowRole => ({
    ...role,
    fields: [...new Set([...role.fields, ...(wanted.get(role.name) ?? [])])],
  });
  return { name, path, description: shape.description, roles: wired.roles.map(withFields), edges: wired.edges, loops: wired.loops };
};

/** Reports each line with a hidden character. Line ends of Windows and a byte order mark are allowed. */
const reportHiddenChars = (text: string, report: FaultReporter): void => {
  for (const [at, line] of text
    .replace(/^\ufeff/, "")
    .split(/\r?\n/)
    .entries()) {
    const found = findHiddenChar(line, "prose");
    if (found) report(toHiddenCharFault(found, at + 1));
  }
};

/** Each loop is compared with every edge and with every other loop. */
const MAX_LOOPS = 100;
const countLoops = (edges: FrontMatterShape["edges"]): number => edges.filter(({ text }) => /\buntil\b/.test(text)).length;

const checkRoleCount = ({ roles, edges }: FrontMatterShape, line: number, report: FaultReporter): boolean => {
  if (roles.size === 0)
    report({ code: "no-roles", line, reason: "no roles are declared", instead: "write `roles:` with at least one name below it" });
  if (countLoops(edges) > MAX_LOOPS)
    report({
      code: "too-large",
      line,
      reason: `more than ${MAX_LOOPS} edges are loops`,
      instead: "make several workflows, and call one from the other",
    });
  if (roles.size > MAX_ROLES)
    report({
      code: "too-many-roles",
      line,
      reason: `${roles.size} roles are declared, at most ${MAX_ROLES} can be`,
      instead: "use `foreach`, or call a workflow from a workflow",
    });
  return roles.size > 0 && roles.size <= MAX_ROLES && countLoops(edges) <= MAX_LOOPS;
};

type RolesInput = { readonly front: FrontMatter; readonly shape: FrontMatterShape; readonly source: WorkflowText };

const readRoles = ({ front, shape, source }: RolesInput, report: FaultReporter): WorkflowRole[] => {
  const { body, bodyLine, lineOf } = front;
  const sections = readSections({ body, bodyLine, roles: new Set(shape.roles.keys()) }, report);
  const known: KnownNames = { roles: source.roles, models: source.models, workflows: source.workflows ?? null };
  return [...shape.roles].map(([name, data]) => {
    const line = (key?: string): number => lineOf(key === undefined ? ["roles", name] : ["roles", name, key]);
    return readRole({ name, data, section: sections.get(name) ?? null, lineOf: line }, known, report);
  });
};

const readEdges = (
  { lineOf }: FrontMatter,
  { edges, roles }: FrontMatterShape,
  report: FaultReporter,
): { edges: WrittenEdge[]; loops: WrittenLoop[] } => {
  const texts = edges.map(({ text, index }): EdgeText => ({ text, line: lineOf(["edges", index]) }));
  const read = texts.flatMap((each) => readEdge(each, report) ?? []).filter((edge) => checkEndsDeclared(edge, roles, report));
  return { edges: read.filter((each) => "guard" in each), loops: read.filter((each) => "until" in each) };
};

const checkEndsDeclared = (
  { from, to, line, written }: WrittenEdge | WrittenLoop,
  roles: FrontMatterShape["roles"],
  report: FaultReporter,
): boolean => {
  const unknown = [from, to].find((name) => !roles.has(name));
  if (unknown === undefined) return true;
  const why = `edge "${written}": there is no role "${unknown}"`;
  report({ code: "unknown-role", line, reason: why, instead: () => suggestName(unknown, [...roles.keys()]) });
  return false;
};
