import { checkReferences } from "./check-references.ts";
import { type EdgeText, readEdge, type WrittenEdge, type WrittenLoop } from "./edges.ts";
import type { Found, Report, WorkflowFault } from "./fault.ts";
import { type FrontMatter, readFrontMatter } from "./front-matter.ts";
import { type Known, readRole } from "./roles.ts";
import { readSections } from "./sections.ts";
import { readShape, type Shape } from "./shape.ts";
import { suggest } from "./suggest.ts";
import { wire } from "./wire.ts";
import type { Workflow, WorkflowRole } from "./workflow.ts";

export type WorkflowText = {
  readonly name: string;
  readonly path: string;
  readonly text: string;
  /** The roles of the cascade, for `role:`. */
  readonly roles: readonly string[];
  /** The models that `model:` may name; null where that cannot be known. */
  readonly models: readonly string[] | null;
  /** The workflows that `workflow:` may name; null leaves it to `checkCalls`. */
  readonly workflows?: readonly string[] | null;
};

export type ReadWorkflow =
  | { readonly ok: true; readonly value: Workflow }
  | { readonly ok: false; readonly faults: readonly WorkflowFault[] };

const LONGEST = 256_000;
const MOST_ROLES = 5_000;

/** A workflow from its file, or all its faults in the order of their lines. */
export const readWorkflow = (source: WorkflowText): ReadWorkflow => {
  const found: Found[] = [];
  const workflow = readAll(source, (each) => found.push(each));
  if (workflow && found.length === 0) return { ok: true, value: workflow };
  const faults = found.map(({ code, line, why, instead }) => ({ code, file: source.path, line, why, instead }));
  return { ok: false, faults: faults.sort((a, b) => a.line - b.line) };
};

const readAll = (source: WorkflowText, report: Report): Workflow | null => {
  const { name, path, text } = source;
  if (text.length > LONGEST) {
    report({
      code: "too-large",
      line: 1,
      why: `the file has ${text.length} characters, at most ${LONGEST} are read`,
      instead: "make several workflows, and call one from the other",
    });
    return null;
  }
  const front = readFrontMatter(text, report);
  const shape = front && readShape(front, report);
  if (!front || !shape || !checkCount(shape, front.lineOf(["roles"]), report)) return null;
  const roles = readRoles({ front, shape, source }, report);
  const { edges, loops } = readEdges(front, shape, report);
  const wired = wire({ roles, edges, loops }, report);
  if (!wired) return null;
  const wanted = checkReferences(wired, report);
  const withFields = (role: WorkflowRole): WorkflowRole => ({
    ...role,
    fields: [...new Set([...role.fields, ...(wanted.get(role.name) ?? [])])],
  });
  return { name, path, description: shape.description, roles: wired.roles.map(withFields), edges: wired.edges, loops: wired.loops };
};

const checkCount = ({ roles }: Shape, line: number, report: Report): boolean => {
  if (roles.size === 0)
    report({ code: "no-roles", line, why: "no roles are declared", instead: "write `roles:` with at least one name below it" });
  if (roles.size > MOST_ROLES)
    report({
      code: "too-many-roles",
      line,
      why: `${roles.size} roles are declared, at most ${MOST_ROLES} can be`,
      instead: "use `foreach`, or call a workflow from a workflow",
    });
  return roles.size > 0 && roles.size <= MOST_ROLES;
};

type Reading = { readonly front: FrontMatter; readonly shape: Shape; readonly source: WorkflowText };

const readRoles = ({ front, shape, source }: Reading, report: Report): WorkflowRole[] => {
  const { body, bodyLine, lineOf } = front;
  const sections = readSections({ body, bodyLine, roles: new Set(shape.roles.keys()) }, report);
  const known: Known = { roles: source.roles, models: source.models, workflows: source.workflows ?? null };
  return [...shape.roles].map(([name, data]) => {
    const line = (key?: string): number => lineOf(key === undefined ? ["roles", name] : ["roles", name, key]);
    return readRole({ name, data, section: sections.get(name) ?? null, lineOf: line }, known, report);
  });
};

const readEdges = ({ lineOf }: FrontMatter, { edges, roles }: Shape, report: Report): { edges: WrittenEdge[]; loops: WrittenLoop[] } => {
  const texts = edges.map(({ text, index }): EdgeText => ({ text, line: lineOf(["edges", index]) }));
  const read = texts.flatMap((each) => readEdge(each, report) ?? []).filter((edge) => areDeclared(edge, roles, report));
  return { edges: read.filter((each) => "guard" in each), loops: read.filter((each) => "until" in each) };
};

const areDeclared = ({ from, to, line, written }: WrittenEdge | WrittenLoop, roles: Shape["roles"], report: Report): boolean => {
  const unknown = [from, to].find((name) => !roles.has(name));
  if (unknown === undefined) return true;
  const why = `edge "${written}": there is no role "${unknown}"`;
  report({ code: "unknown-role", line, why, instead: suggest(unknown, [...roles.keys()]) });
  return false;
};
