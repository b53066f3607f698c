import { RE2JS } from "re2js";
import { parse } from "yaml";
import { isTooComplexYaml } from "../config/yaml-nesting.ts";
import type { RequiredCheck, ActionsWorkflowFile, WorkflowTrigger } from "../domain/github-facts.ts";

/** Events whose runs can report a required check. */
const CHECK_EVENTS = ["push", "pull_request", "workflow_dispatch", "merge_group"] as const;

/** In characters; larger than any workflow file that people write. */
const MAX_FILE_CHARS = 256_000;
/** A few aliases repeat a filter; a million are an attack. The parser's search for equal keys compares each key with all others. */
const YAML_LIMITS = { maxAliasCount: 50, uniqueKeys: false, prettyErrors: false };

/** Enki's action with an owner that nobody replaced. */
const PLACEHOLDER_ACTION = /^[ \t-]+uses:[ \t]+["']?(OWNER\/enki@[\w.-]{1,100})/m;

const isYamlMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const toYamlTexts = (value: unknown): readonly string[] | null =>
  value === undefined || value === null
    ? null
    : (Array.isArray(value) ? value : [value]).flatMap((each) =>
        typeof each === "string" || typeof each === "number" ? [String(each)] : [],
      );

/** Reads which checks a workflow file reports, and on which events; null if unreadable. */
export const readActionsWorkflowFile = (file: string, text: string): ActionsWorkflowFile | null => {
  if (text.length > MAX_FILE_CHARS || isTooComplexYaml(text)) return null;
  let root: unknown;
  try {
    root = parse(text, YAML_LIMITS);
  } catch {
    return null;
  }
  if (!isYamlMap(root)) return null;
  // YAML 1.1 reads the key `on` as true.
  const triggers = readWorkflowTriggers(root["on"] ?? root["true"]);
  const jobs = isYamlMap(root["jobs"])
    ? Object.entries(root["jobs"]).flatMap(([id, job]) => listCheckNames(id, isYamlMap(job) ? job : {}))
    : [];
  const [, placeholder] = PLACEHOLDER_ACTION.exec(text) ?? [];
  return { file, triggers, jobs, ...(placeholder !== undefined && { placeholder }) };
};

const readWorkflowTriggers = (on: unknown): WorkflowTrigger[] => {
  const named: readonly (readonly [string, unknown])[] = isYamlMap(on)
    ? Object.entries(on)
    : (toYamlTexts(on) ?? []).map((event) => [event, null]);
  return named.flatMap(([name, spec]): WorkflowTrigger[] => {
    const event = CHECK_EVENTS.find((each) => each === name);
    if (!event) return [];
    const filters = isYamlMap(spec) ? spec : {};
    const branches = toYamlTexts(filters["branches"]);
    const ignored = toYamlTexts(filters["branches-ignore"]);
    const tagsOnly = branches === null && ignored === null && (filters["tags"] !== undefined || filters["tags-ignore"] !== undefined);
    return tagsOnly ? [] : [{ event, branches, ignoredBranches: ignored }];
  });
};

/** Check names of a job; `*` stands for parts known only at run time: matrix values, jobs of a called workflow. */
const listCheckNames = (id: string, job: Readonly<Record<string, unknown>>): string[] => {
  const jobName = typeof job["name"] === "string" ? job["name"] : null;
  const name = replaceExpressions((jobName ?? id).replaceAll("*", "").slice(0, MAX_CHECK_NAME_CHARS));
  const strategy = isYamlMap(job["strategy"]) ? job["strategy"] : {};
  const names = strategy["matrix"] === undefined ? [name] : jobName === null ? [`${name} (*)`] : [name, `${name} (*)`];
  return typeof job["uses"] === "string" ? names.map((each) => `${each} / *`) : names;
};

/** GitHub's names of checks are shorter. */
const MAX_CHECK_NAME_CHARS = 1_000;

/** Replaces each `${{ … }}` by `*`. */
const replaceExpressions = (name: string): string => {
  const [first = "", ...rest] = name.split("${{");
  return rest.reduce((text, part) => {
    const end = part.indexOf("}}");
    return end < 0 ? `${text}\${{${part}` : `${text}*${part.slice(end + 2)}`;
  }, first);
};

const MAX_FILTER_CHARS = 500;
const MAX_FILTER_INSTRUCTIONS = 20_000;

/** Compiled by RE2, which matches in linear time whatever the filter; an invalid or huge filter matches nothing. */
const compileBranchFilter = (glob: string): ((branch: string) => boolean) => {
  if (glob.length > MAX_FILTER_CHARS) return () => false;
  const source = glob.replaceAll(/\*\*\/?|\*|\?|[\\^$.|(){}]/g, (part) => {
    if (part === "**/") return "(?:.*/)?";
    if (part === "**") return ".*";
    if (part === "*") return "[^/]*";
    // In these filters `?` makes the preceding character optional.
    return part === "?" ? "?" : `\\${part}`;
  });
  try {
    const compiled = RE2JS.compile(`^(?:${source})$`);
    return compiled.programSize() > MAX_FILTER_INSTRUCTIONS ? () => false : (branch) => compiled.test(branch);
  } catch {
    return () => false;
  }
};

/** The last matching pattern decides: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#filter-pattern-cheat-sheet */
const matchesBranchFilters = (patterns: readonly string[], branch: string): boolean =>
  patterns.reduce((fit, each) => {
    const isNot = each.startsWith("!");
    return compileBranchFilter(isNot ? each.slice(1) : each)(branch) ? !isNot : fit;
  }, false);

const isTriggeredOn = ({ branches, ignoredBranches }: WorkflowTrigger, branch: string): boolean =>
  (branches === null || matchesBranchFilters(branches, branch)) &&
  (ignoredBranches === null || !matchesBranchFilters(ignoredBranches, branch));

/** `*` stands for any text. Taking the first occurrence of each part leaves the most text for later parts. */
const matchesJobName = (job: string, check: string): boolean => {
  const [first = "", ...rest] = job.split("*");
  const last = rest.pop();
  if (last === undefined) return job === check;
  let at = first.length;
  for (const part of rest) {
    const found = check.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return check.startsWith(first) && check.endsWith(last) && check.length - last.length >= at;
};

/** The places where workflows report a check: candidates, a dispatched file, pull requests, merge groups. */
export type CheckReporters = {
  readonly candidate: boolean;
  readonly dispatchFile: string | null;
  readonly pull: boolean;
  readonly group: boolean;
  readonly files: readonly string[];
};

/** The GitHub Actions app: its slug, and its id on github.com. */
export const ACTIONS_APP_IDS: ReadonlySet<string> = new Set(["github-actions", "15368"]);

/** Stands for any candidate branch when branch filters are evaluated. */
const SAMPLE_CANDIDATE_BRANCH = "enki/candidate/0123456789ab";

/** Finds where workflows report a check; null if another app may report it. Ignores path filters. */
export const findCheckReporters = (
  files: readonly ActionsWorkflowFile[],
  { name, app }: RequiredCheck,
  base: string,
): CheckReporters | null => {
  if (app !== null && !ACTIONS_APP_IDS.has(app)) return null;
  const found = files.filter(({ jobs }) => jobs.some((job) => matchesJobName(job, name)));
  if (found.length === 0 && app === null) return null;
  const on = (event: WorkflowTrigger["event"], branch: string): ActionsWorkflowFile[] =>
    found.filter(({ triggers }) => triggers.some((each) => each.event === event && isTriggeredOn(each, branch)));
  return {
    candidate: on("push", SAMPLE_CANDIDATE_BRANCH).length > 0,
    dispatchFile: on("workflow_dispatch", base)[0]?.file ?? null,
    pull: on("pull_request", base).length > 0,
    group: on("merge_group", base).length > 0,
    files: found.map(({ file }) => file),
  };
};
