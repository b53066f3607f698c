import { parse } from "yaml";

/** What a workflow file says about when it runs: per event its filters, each a list of texts. */
export type Triggers = {
  readonly name: string | null;
  readonly on: ReadonlyMap<string, Filters>;
  readonly inputs: ReadonlyMap<string, Input>;
};
type Filters = ReadonlyMap<string, readonly string[]>;
export type Input = {
  readonly required: boolean;
  readonly hasDefault: boolean;
  readonly type: string;
  readonly options: readonly string[];
};

/** What happened, as far as filters look at it. */
export type Occasion = {
  readonly event: string;
  /** The payload's `action`; of a repository_dispatch, the event's type. */
  readonly action: string | null;
  /** The full ref that was pushed, or the base of a pull request. */
  readonly ref: string | null;
  /** Changed paths; null where they are not known, which passes every filter. */
  readonly paths: readonly string[] | null;
  /** The name of the workflow that a workflow_run speaks of, and its branch. */
  readonly workflow: string | null;
};

const DEFAULT_TYPES: Readonly<Record<string, readonly string[]>> = {
  merge_group: ["checks_requested"],
  pull_request: ["opened", "synchronize", "reopened"],
  pull_request_target: ["opened", "synchronize", "reopened"],
};

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
const texts = (value: unknown): readonly string[] =>
  value === null || value === undefined
    ? []
    : Array.isArray(value)
      ? value.flatMap(texts)
      : isRecord(value)
        ? []
        : [`${value as string | number | boolean}`];

const filtersOf = (value: unknown): Filters =>
  new Map(isRecord(value) ? Object.entries(value).flatMap(([key, list]) => (isRecord(list) ? [] : [[key, texts(list)] as const])) : []);

const inputsOf = (dispatch: unknown): Triggers["inputs"] => {
  const inputs = isRecord(dispatch) && isRecord(dispatch["inputs"]) ? dispatch["inputs"] : {};
  return new Map(
    Object.entries(inputs).map(([name, given]) => {
      const input = isRecord(given) ? given : {};
      return [
        name,
        {
          required: input["required"] === true,
          hasDefault: input["default"] !== undefined,
          type: typeof input["type"] === "string" ? input["type"] : "string",
          options: texts(input["options"]),
        },
      ];
    }),
  );
};

/** The triggers of a workflow file; null where it cannot be read as one. */
export const readTriggers = (text: string): Triggers | null => {
  let file: unknown;
  try {
    file = parse(text);
  } catch {
    return null;
  }
  if (!isRecord(file)) return null;
  const on = file["on"];
  const events: readonly (readonly [string, Filters])[] = isRecord(on)
    ? Object.entries(on).map(([event, filters]) => [event, filtersOf(filters)] as const)
    : texts(on).map((event) => [event, new Map()] as const);
  const name = typeof file["name"] === "string" ? file["name"] : null;
  return { name, on: new Map(events), inputs: inputsOf(isRecord(on) ? on["workflow_dispatch"] : null) };
};

/** GitHub's patterns: `*` within a name, `**` across, `?` makes the character before it optional. */
const patternOf = (pattern: string): RegExp => {
  const source = pattern.replaceAll(/\*\*\/?|\*|[\\^$.|(){}]/g, (found) =>
    found === "**/" ? "(?:.*/)?" : found === "**" ? ".*" : found === "*" ? "[^/]*" : `\\${found}`,
  );
  return new RegExp(`^(?:${source})$`);
};

/** The last pattern that fits decides; one with `!` excludes. */
const fits = (patterns: readonly string[], text: string): boolean => {
  let fit = false;
  for (const pattern of patterns) {
    const negative = pattern.startsWith("!");
    if (patternOf(negative ? pattern.slice(1) : pattern).test(text)) fit = !negative;
  }
  return fit;
};

const passes = (filters: Filters, key: string, text: string): boolean => {
  const [only, ignored] = [filters.get(key), filters.get(`${key}-ignore`)];
  return (only === undefined || fits(only, text)) && (ignored === undefined || !fits(ignored, text));
};

const names = (filters: Filters, key: string): boolean => filters.has(key) || filters.has(`${key}-ignore`);

const refPasses = (filters: Filters, ref: string): boolean => {
  const tag = ref.startsWith("refs/tags/");
  const [mine, other] = tag ? ["tags", "branches"] : ["branches", "tags"];
  // Who filters by branches alone does not want tags, and the other way round.
  if (!names(filters, mine) && names(filters, other)) return false;
  return passes(filters, mine, ref.replace(/^refs\/(?:heads|tags)\//, ""));
};

const pathsPass = (filters: Filters, paths: readonly string[]): boolean => {
  const [only, ignored] = [filters.get("paths"), filters.get("paths-ignore")];
  if (only && !paths.some((path) => fits(only, path))) return false;
  return !ignored || paths.length === 0 || paths.some((path) => !fits(ignored, path));
};

/** True where a workflow with these triggers runs on this occasion. */
export const runsOn = ({ on }: Triggers, occasion: Occasion): boolean => {
  const filters = on.get(occasion.event);
  if (!filters) return false;
  const types = filters.get("types") ?? DEFAULT_TYPES[occasion.event];
  if (types && occasion.action !== null && !types.includes(occasion.action)) return false;
  if (occasion.workflow !== null && !(filters.get("workflows") ?? []).includes(occasion.workflow)) return false;
  if (occasion.ref !== null && !refPasses(filters, occasion.ref)) return false;
  return occasion.paths === null || pathsPass(filters, occasion.paths);
};
