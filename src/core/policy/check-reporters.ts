import { parse } from "yaml";
import type { RequiredCheck, ActionsWorkflowFile, WorkflowTrigger } from "../domain/github-facts.ts";

/** Events whose runs can report a required check. */
const CHECK_EVENTS = ["push", "pull_request", "workflow_dispatch", "merge_group"] as const;

/** Limit for YAML aliases: a few repeat a filter, a million are an attack. */
const YAML_LIMITS = { maxAliasCount: 50 };

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
  const name = (jobName ?? id).replaceAll("*", "").replaceAll(/\$\{\{.*?\}\}/gs, "*");
  const strategy = isYamlMap(job["strategy"]) ? job["strategy"] : {};
  const names = strategy["matrix"] === undefined ? [name] : jobName === null ? [`${name} (*)`] : [name, `${name} (*)`];
  return typeof job["uses"] === "string" ? names.map((each) => `${each} / *`) : names;
};

const compileBranchFilter = (glob: string): RegExp => {
  const source = glob.replaceAll(/\*\*\/?|\*|\?|[\\^$.|(){}]/g, (part) => {
    if (part === "**/") return "(?:.*/)?";
    if (part === "**") return ".*";
    if (part === "*") return "[^/]*";
    // In these filters `?` makes the preceding character optional.
    return part === "?" ? "?" : `\\${part}`;
  });
  try {
    return new RegExp(`^${source}$`);
  } catch {
    return /^$/;
  }
};

/** The last matching pattern decides: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#filter-pattern-cheat-sheet */
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
