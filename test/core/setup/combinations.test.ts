import { readFileSync } from "node:fs";
import { NoOperationTraceWriter, parseWorkflow } from "@actions/workflow-parser";
import { expect, test } from "vitest";
import { PROJECTS } from "../../../scripts/set-up-projects.mjs";
import { readConfig } from "../../../src/core/config/read-config.ts";
import { ACTION_REFERENCE } from "../../../src/core/domain/product.ts";
import { detectProject } from "../../../src/core/setup/detect-project.ts";
import { CONFIG_PATH, COORDINATOR_WORKFLOW_PATHS, renderSetUp, STEP_WORKFLOW_PATH } from "../../../src/core/setup/plan-set-up.ts";
import { VENDORED_ACTION } from "../../../src/core/setup/render-step-workflow.ts";
import { factsOf } from "./repository-facts.ts";

const readShipped = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
const SHIPPED = {
  stepWorkflow: readShipped(STEP_WORKFLOW_PATH),
  coordinatorWorkflows: new Map(COORDINATOR_WORKFLOW_PATHS.map((path) => [path, readShipped(path)])),
  action: new Map<string, string>(),
};

const FLAGS = ["isVendored", "usesRepositorySecret", "usesApp", "isOnServer"] as const;
/** Every combination of the options that change the workflow files. */
const COMBINATIONS = Array.from({ length: 2 ** FLAGS.length }, (_, bits) =>
  Object.fromEntries(FLAGS.map((flag, at) => [flag, (bits & (1 << at)) !== 0])),
) as Record<(typeof FLAGS)[number], boolean>[];

/** Projects with every kind of step and every table of `[jobs]`. For the steps of one language, the options only change the directory. */
const WHOLE = ["everything", "jobs and machines"];
const VENDORED_OR_NOT = COMBINATIONS.slice(0, 2);

/** Renders a repository's workflow files for each combination, with a name of the combination. */
const renderAll = (project: string, files: Readonly<Record<string, string>>) =>
  (WHOLE.includes(project) ? COMBINATIONS : VENDORED_OR_NOT).flatMap(({ usesRepositorySecret, ...choices }) => {
    const { effectiveFile, faults } = readConfig([{ path: CONFIG_PATH, text: files[CONFIG_PATH] ?? "", kind: "config" }]);
    expect(faults).toEqual([]);
    const rendered = renderSetUp(SHIPPED, {
      ...choices,
      project: detectProject(factsOf(files)),
      verify: [],
      verifyOrigin: "detected",
      agent: { preset: "claude" },
      usesEnvironment: !usesRepositorySecret,
      jobs: effectiveFile.jobs,
    });
    const name = JSON.stringify({ usesRepositorySecret, ...choices });
    return [...rendered].filter(([path]) => path.endsWith(".yml")).map(([path, text]) => ({ name, path, text, choices }));
  });

const faultsOf = (path: string, text: string): string[] =>
  parseWorkflow({ name: path, content: text }, new NoOperationTraceWriter())
    .context.errors.getErrors()
    .map(({ message }) => message);

/** Actions that a file may use: each at one commit, except Enki's own at its immutable tag or as a copy. */
const ALLOWED_ACTION = new RegExp(`^(?:[\\w-]+/[\\w.-]+@[0-9a-f]{40} # v?\\d|${ACTION_REFERENCE}$|${VENDORED_ACTION}$)`);

test.each(Object.entries(PROJECTS))(
  "with every option, GitHub's parser finds no fault, and every action is pinned: %s",
  (project, { files }) => {
    for (const { name, path, text, choices } of renderAll(project, files)) {
      const used = [...text.matchAll(/\buses: (.*)$/gm)].map(([, action = ""]) => action);
      expect({ name, path, faults: faultsOf(path, text) }).toEqual({ name, path, faults: [] });
      expect({ name, path, foreign: used.filter((action) => !ALLOWED_ACTION.test(action)) }).toEqual({ name, path, foreign: [] });
      expect({ name, path, left: text.match(/# Set-up steps of|\$\{\{ *\}\}/g) }).toEqual({ name, path, left: null });
      expect(used.some((action) => action === ACTION_REFERENCE)).toBe(!choices.isVendored && !path.endsWith("enki-review.yml"));
      if (choices.isOnServer) expect(text).not.toMatch(/deployment: |artifact@\w+ # v[4-9]/);
    }
  },
);
