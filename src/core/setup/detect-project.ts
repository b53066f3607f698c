import { detectNode } from "./detect-node.ts";
import { detectDotnet, detectGo, detectJava, detectMake, detectPhp, detectRuby, detectRust } from "./detect-other-tools.ts";
import { detectPython } from "./detect-python.ts";
import { hasFile, type RepositoryFacts } from "./repository-facts.ts";
import type { DetectedTool } from "./detected-tool.ts";

export type DetectedProject = {
  readonly tools: readonly DetectedTool[];
  /** Commands that a candidate must pass; empty if no tests were found. */
  readonly verify: readonly string[];
  readonly hasSubmodules: boolean;
  readonly hasLargeFiles: boolean;
  /** Configuration files of continuous integration. */
  readonly ci: readonly string[];
};

const DETECTORS = [detectNode, detectPython, detectGo, detectRust, detectJava, detectRuby, detectDotnet, detectPhp];

const CI_FILES =
  /^\.github\/workflows\/[^/]+\.ya?ml$|^\.gitlab-ci\.yml$|^\.circleci\/config\.yml$|^Jenkinsfile$|^\.travis\.yml$|^azure-pipelines\.yml$|^\.buildkite\/pipeline\.yml$/;
const OWN_WORKFLOW = /^\.github\/workflows\/enki[\w-]*\.yml$/;

/** Detects languages, package managers, tests and CI from the files at the top of a repository. */
export const detectProject = (facts: RepositoryFacts): DetectedProject => {
  const languages = DETECTORS.flatMap((detect) => detect(facts) ?? []);
  const isTested = languages.some(({ hasTests }) => hasTests);
  const make = isTested ? null : detectMake(facts);
  const tools = make ? [...languages, make] : languages;
  const hasTests = tools.some((tool) => tool.hasTests);
  return {
    tools,
    verify: hasTests ? tools.flatMap(({ verify }) => verify) : [],
    hasSubmodules: hasFile(facts, ".gitmodules"),
    hasLargeFiles: /\bfilter=lfs\b/.test(facts.read(".gitattributes") ?? ""),
    ci: facts.paths.filter((path) => CI_FILES.test(path) && !OWN_WORKFLOW.test(path)),
  };
};
