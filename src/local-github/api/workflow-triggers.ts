import { parse } from "yaml";
import { isTooComplexYaml } from "../../core/config/yaml-nesting.ts";
import { rememberTexts } from "../remember-texts.ts";

/** The `on` key of a workflow file: the filters of each event. */
export type WorkflowTriggers = {
  readonly name: string | null;
  readonly on: ReadonlyMap<string, EventFilters>;
  readonly inputs: ReadonlyMap<string, TriggerInput>;
};
type EventFilters = ReadonlyMap<string, readonly string[]>;
export type TriggerInput = {
  readonly required: boolean;
  readonly hasDefault: boolean;
  readonly type: string;
  readonly options: readonly string[];
};

/** The facts of an event that trigger filters look at. */
export type TriggerOccasion = {
  readonly event: string;
  /** The payload's `action`; for a repository_dispatch, its event type; for a schedule, its cron expression. */
  readonly action: string | null;
  /** The pushed ref, or the base of a pull request. */
  readonly ref: string | null;
  /** Changed paths; null if unknown, which passes every filter. */
  readonly paths: readonly string[] | null;
  /** The name of the workflow that a workflow_run event reports. */
  readonly workflow: string | null;
};

const DEFAULT_TYPES: Readonly<Record<string, readonly string[]>> = {
  merge_group: ["checks_requested"],
  pull_request: ["opened", "synchronize", "reopened"],
  pull_request_target: ["opened", "synchronize", "reopened"],
};

const isYamlMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const readYamlTexts = (value: unknown): readonly string[] =>
  value === null || value === undefined
    ? []
    : Array.isArray(value)
      ? value.flatMap(readYamlTexts)
      : isYamlMapping(value)
        ? []
        : [`${value as string | number | boolean}`];

const readEventFilters = (value: unknown): EventFilters =>
  new Map(
    isYamlMapping(value)
      ? Object.entries(value).flatMap(([key, list]) => (isYamlMapping(list) ? [] : [[key, readYamlTexts(list)] as const]))
      : [],
  );

const readTriggerInputs = (dispatch: unknown): WorkflowTriggers["inputs"] => {
  const inputs = isYamlMapping(dispatch) && isYamlMapping(dispatch["inputs"]) ? dispatch["inputs"] : {};
  return new Map(
    Object.entries(inputs).map(([name, value]) => {
      const input = isYamlMapping(value) ? value : {};
      return [
        name,
        {
          required: input["required"] === true,
          hasDefault: input["default"] !== undefined,
          type: typeof input["type"] === "string" ? input["type"] : "string",
          options: readYamlTexts(input["options"]),
        },
      ];
    }),
  );
};

/** The cron expressions of a schedule, as the types of its event. */
const readSchedule = (value: unknown): EventFilters =>
  new Map([["types", Array.isArray(value) ? value.flatMap((each) => (isYamlMapping(each) ? readYamlTexts(each["cron"]) : [])) : []]]);

/** Reads the triggers of a workflow file; null if the text is not valid YAML or not a mapping. */
export const readTriggers = rememberTexts((text: string): WorkflowTriggers | null => {
  if (isTooComplexYaml(text)) return null;
  let file: unknown;
  try {
    file = parse(text, { uniqueKeys: false });
  } catch {
    return null;
  }
  if (!isYamlMapping(file)) return null;
  const on = file["on"];
  const events: readonly (readonly [string, EventFilters])[] = isYamlMapping(on)
    ? Object.entries(on).map(
        ([event, filters]) => [event, event === "schedule" ? readSchedule(filters) : readEventFilters(filters)] as const,
      )
    : readYamlTexts(on).map((event) => [event, new Map()] as const);
  const name = typeof file["name"] === "string" ? file["name"] : null;
  return { name, on: new Map(events), inputs: readTriggerInputs(isYamlMapping(on) ? on["workflow_dispatch"] : null) };
});

/**
 * Compiles a filter pattern of GitHub: `*` matches within a name, `**` across names, `?` makes the preceding
 * character optional.
 */
const compileFilterPattern = (pattern: string): RegExp => {
  const source = pattern.replaceAll(/\*\*\/?|\*|[\\^$.|(){}]/g, (found) =>
    found === "**/" ? "(?:.*/)?" : found === "**" ? ".*" : found === "*" ? "[^/]*" : `\\${found}`,
  );
  return new RegExp(`^(?:${source})$`);
};

/** The last matching pattern decides; a pattern with `!` excludes. */
const matchesPatterns = (patterns: readonly string[], text: string): boolean => {
  let fit = false;
  for (const pattern of patterns) {
    const negative = pattern.startsWith("!");
    if (compileFilterPattern(negative ? pattern.slice(1) : pattern).test(text)) fit = !negative;
  }
  return fit;
};

const passesFilter = (filters: EventFilters, key: string, text: string): boolean => {
  const [only, ignored] = [filters.get(key), filters.get(`${key}-ignore`)];
  return (only === undefined || matchesPatterns(only, text)) && (ignored === undefined || !matchesPatterns(ignored, text));
};

const hasFilter = (filters: EventFilters, key: string): boolean => filters.has(key) || filters.has(`${key}-ignore`);

const passesRefFilters = (filters: EventFilters, ref: string): boolean => {
  const tag = ref.startsWith("refs/tags/");
  const [refKind, otherKind] = tag ? ["tags", "branches"] : ["branches", "tags"];
  // A workflow that filters only branches ignores tags, and the other way round.
  if (!hasFilter(filters, refKind) && hasFilter(filters, otherKind)) return false;
  return passesFilter(filters, refKind, ref.replace(/^refs\/(?:heads|tags)\//, ""));
};

const passesPathFilters = (filters: EventFilters, paths: readonly string[]): boolean => {
  const [only, ignored] = [filters.get("paths"), filters.get("paths-ignore")];
  if (only && !paths.some((path) => matchesPatterns(only, path))) return false;
  return !ignored || paths.length === 0 || paths.some((path) => !matchesPatterns(ignored, path));
};

/** Whether an event runs a workflow with these triggers. */
export const isTriggeredBy = ({ on }: WorkflowTriggers, occasion: TriggerOccasion): boolean => {
  const filters = on.get(occasion.event);
  if (!filters) return false;
  const types = filters.get("types") ?? DEFAULT_TYPES[occasion.event];
  if (types && occasion.action !== null && !types.includes(occasion.action)) return false;
  if (occasion.workflow !== null && !(filters.get("workflows") ?? []).includes(occasion.workflow)) return false;
  if (occasion.ref !== null && !passesRefFilters(filters, occasion.ref)) return false;
  return occasion.paths === null || passesPathFilters(filters, occasion.paths);
};
