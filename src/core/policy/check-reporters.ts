import { parse } from "yaml";
import type { RequiredCheck, ActionsWorkflowFile, WorkflowTrigger } from "../domain/github-facts.ts";

/** Of the events that start a workflow those that a required check may come from. */
const CHECK_EVENTS = ["push", "pull_request", "workflow_dispatch", "merge_group"] as const;

/** Aliases that a file may expand to; a few name a filter twice, a million are an attack. */
const YAML_LIMITS = { maxAliasCount: 50 };

const isYamlMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const toYamlTexts = (value: unknown): readonly string[] | null =>
  value === undefined || value === null
    ? null
    : (Array.isArray(value) ? value : [value]).flatMap((each) =>
        typeof each === "string" || typeof each === "number" ? [String(each)] : [],
      );

/** A workflow file as far as it says which checks it reports, and on what; null where it cannot be read. */
export const readActionsWorkflowFile = (file: string, text: string): ActionsWorkflowFile | null => {
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
  return { file, triggers, jobs };
};

const readWorkflowTriggers = (on: unknown): WorkflowTrigger[] => {
  const named: readonly (readonly [string, unknown])[] = isYamlMap(on)
    ? Object.entries(on)
    : (toYamlTexts(on) ?? []).map((event) => [event, null]);
  return named.flatMap(([name, given]): WorkflowTrigger[] => {
    const event = CHECK_EVENTS.find((each) => each === name);
    if (!event) return [];
    const filters = isYamlMap(given) ? given : {};
    const branches = toYamlTexts(filters["branches"]);
    const ignored = toYamlTexts(filters["branches-ignore"]);
    const tagsOnly = branches === null && ignored === null && (filters["tags"] !== undefined || filters["tags-ignore"] !== undefined);
    return tagsOnly ? [] : [{ event, branches, ignoredBranches: ignored }];
  });
};

/** Names under which a job's check is reported; `*` for what is known only when it runs: a value of a matrix, a job of a called workflow. */
const listCheckNames = (id: string, job: Readonly<Record<string, unknown>>): string[] => {
  const given = typeof job["name"] === "string" ? job["name"] : null;
  const name = (given ?? id).replaceAll("*", "").replaceAll(/\$\{\{.*?\}\}/gs, "*");
  const strategy = isYamlMap(job["strategy"]) ? job["strategy"] : {};
  const own = strategy["matrix"] === undefined ? [name] : given === null ? [`${name} (*)`] : [name, `${name} (*)`];
  return typeof job["uses"] === "string" ? own.map((each) => `${each} / *`) : own;
};

const compileBranchFilter = (glob: string): RegExp => {
  const source = glob.replaceAll(/\*\*\/?|\*|\?|[\\^$.|(){}]/g, (part) => {
    if (part === "**/") return "(?:.*/)?";
    if (part === "**") return ".*";
    if (part === "*") return "[^/]*";
    // The character before it may be missing.
    return part === "?" ? "?" : `\\${part}`;
  });
  try {
    return new RegExp(`^${source}$`);
  } catch {
    return /^$/;
  }
};

/** https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#filter-pattern-cheat-sheet: the last pattern that fits decides. */
const matchesBranchFilters = (patterns: readonly string[], branch: string): boolean =>
  patterns.reduce((fit, each) => {
    const isNot = each.startsWith("!");
    return compileBranchFilter(isNot ? each.slice(1) : each).test(branch) ? !isNot : fit;
  }, false);

const isTriggeredOn = ({ branches, ignoredBranches }: WorkflowTrigger, branch: string): boolean =>
  (branches === null || matchesBranchFilters(branches, branch)) &&
  (ignoredBranches === null || !matchesBranchFilters(ignoredBranches, branch));

const matchesJobName = (job: string, check: string): boolean =>
  new RegExp(`^${job.replaceAll(/[\\^$.|(){}[\]?+]/g, String.raw`\$&`).replaceAll("*", "[^]*")}$`).test(check);

/** Where a check is reported: on candidates, by hand (the file to start), on pull requests, on merge groups. */
export type CheckReporters = {
  readonly candidate: boolean;
  readonly dispatchFile: string | null;
  readonly pull: boolean;
  readonly group: boolean;
  readonly files: readonly string[];
};

/** The app of Actions, by its name and its number on github.com. */
export const ACTIONS_APP_IDS: ReadonlySet<string> = new Set(["github-actions", "15368"]);

/** As what a branch of a candidate is seen by the filters of workflows. */
const SAMPLE_CANDIDATE_BRANCH = "enki/candidate/0123456789ab";

/** Where workflows report a check; null where it may come from somebody else, whom nobody here knows. Filters of paths are not looked at. */
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
