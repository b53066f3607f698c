import type { z } from "zod";
import { findNearestWord } from "../domain/nearest-word.ts";
import type { FaultReporter } from "./workflow-fault.ts";
import type { FrontMatter } from "./read-front-matter.ts";
import { isJsonObject } from "./read-json.ts";
import { frontMatterSchema, ADVICE_BY_KEY, type RoleData, roleSchema } from "./front-matter-schema.ts";
import type { PathKey } from "./parse-source.ts";

export type FrontMatterShape = {
  readonly description: string;
  readonly roles: ReadonlyMap<string, RoleData>;
  readonly edges: readonly EdgeItem[];
};
type EdgeItem = { readonly text: string; readonly index: number };

/** Types the front matter. Faulty parts are left out so that the rest can be checked. Returns null if nothing is left to check. */
export const readFrontMatterShape = ({ data, lineOf }: FrontMatter, report: FaultReporter): FrontMatterShape | null => {
  if (!isJsonObject(data)) {
    report({ code: "bad-front-matter", line: lineOf([]), reason: "the front matter has no keys", instead: "begin it with `roles:`" });
    return null;
  }
  const read = frontMatterSchema.safeParse(data);
  for (const issue of read.error?.issues ?? []) reportIssue(issue, { data, lineOf, report });
  const raw = isJsonObject(data["roles"]) ? data["roles"] : {};
  return {
    description: typeof data["description"] === "string" ? data["description"] : "",
    roles: new Map(Object.entries(raw).map(([name, value]) => [name, readRoleData(value)])),
    edges: toEdgeItems(data["edges"]),
  };
};

type IssueContext = { readonly data: unknown; readonly lineOf: FrontMatter["lineOf"]; readonly report: FaultReporter };

/** The value that a mistyped word most likely meant. */
const findMeantWord = (issue: z.core.$ZodIssue, data: unknown): string | null => {
  if (issue.code !== "invalid_value") return null;
  const word = issue.path.reduce<unknown>(
    (value, key) => (Object.hasOwn(Object(value), key) ? Reflect.get(Object(value), key) : undefined),
    data,
  );
  return typeof word === "string" ? findNearestWord(word, issue.values.map(String)) : null;
};

const reportIssue = (issue: z.core.$ZodIssue, { data, lineOf, report }: IssueContext): void => {
  const path = issue.path.filter((key): key is PathKey => typeof key !== "symbol");
  if (issue.code === "unrecognized_keys") {
    const known = Object.keys(path.length === 0 ? frontMatterSchema.shape : path.length === 2 ? roleSchema.shape : { over: 0, max: 0 });
    for (const key of issue.keys) {
      const meant = findNearestWord(key, known);
      const instead = meant ? `did you mean \`${meant}\`?` : `remove it; the keys here are ${known.join(", ")}`;
      report({ code: "unknown-key", line: lineOf([...path, key]), reason: `unknown key ${[...path, key].join(".")}`, instead });
    }
    return;
  }
  const key = path.findLast((each) => typeof each === "string" && Object.hasOwn(ADVICE_BY_KEY, each)) ?? "roles";
  const meant = findMeantWord(issue, data);
  const instead = meant === null ? (ADVICE_BY_KEY[key] ?? "") : `did you mean \`${meant}\`?`;
  report({ code: "bad-value", line: lineOf(path), reason: `${path.join(".")}: ${issue.message}`, instead });
};

/** Reads a role without its faulty keys. */
const readRoleData = (value: unknown): RoleData => {
  const table = isJsonObject(value) ? value : {};
  const read = roleSchema.safeParse(table);
  if (read.success) return read.data;
  const faulty = new Set(
    read.error.issues.flatMap(({ path, ...issue }) => (path.length > 0 ? [path[0]] : "keys" in issue ? issue.keys : [])),
  );
  return roleSchema.parse(Object.fromEntries(Object.entries(table).filter(([key]) => !faulty.has(key))));
};

/** YAML reads an unquoted `a -> b on: failure` as a table, which is converted back to the edge. */
const toEdgeItems = (items: unknown): EdgeItem[] =>
  (Array.isArray(items) ? items : []).flatMap((item: unknown, index): EdgeItem[] => {
    if (typeof item === "string") return [{ text: item, index }];
    const [pair, ...others] = isJsonObject(item) ? Object.entries(item) : [];
    return pair && others.length === 0 && typeof pair[1] === "string" ? [{ text: `${pair[0]}: ${pair[1]}`, index }] : [];
  });
