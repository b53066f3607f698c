import { defineConfig, type Plugin } from "vitest/config";

/** Random histories, simulations, and whole stories beyond the promises below: nightly, and before a release. */
const DEEP = [
  "test/bench/**/*.test.ts",
  "test/simulate/*.test.ts",
  "test/core/decisions/{histories,pass-orders,rewind-histories,budget}.test.ts",
  "test/core/decisions/*-crash.test.ts",
  "test/core/refinery/{properties,git-properties}.test.ts",
  "test/conformance/{conflicts,roles,seeds,workspace}.test.ts",
  "test/cli/{break-out,long-texts,outcomes,resolve,resume,run-workflow,written}.test.ts",
  "test/cli/scripted-agent/*.test.ts",
  "test/local-github/contract-command.test.ts",
  "test/package-install.test.ts",
];

/** One story for each promise, told through the real doors; the other files of `test/stories` are deep. */
const STORIES = [
  "brief",
  "commands",
  "first-story",
  "landing-methods",
  "lost-ledger",
  "pages",
  "plans",
  "refinery-limits",
  "refused-ledger",
  "triggers",
].map((name) => `test/stories/${name}.test.ts`);

/** Real agents, installed on demand: `npm run test:agents`. */
const AGENTS = ["test/agents/real-*.test.ts"];

/** The workflow files under `act`, built on demand: `npm run test:act`. */
const ACT = ["test/act/*.test.ts"];

/** The contract of the local GitHub, asked of any GitHub: `npm run contract`. */
const CONTRACT = ["test/contract/*.test.ts"];

/** Tests that start no process and open no socket. */
const UNIT = [
  "test/core/**/*.test.ts",
  "test/conformance/{graph,orchestrator,scheduler}.test.ts",
  "test/coordinator/{answer-queries,brief,feedback,lanes,perform-effects,repository-coordinator,sweep}.test.ts",
  "test/{documents,product}.test.ts",
  "test/attacks/*.test.ts",
];

const named = (name: string, include: readonly string[], exclude: readonly string[] = []) => ({
  // Pure tests and stories share one module graph: loading it for each file takes longer than many tests.
  extends: true as const,
  test: { name, include: [...include], exclude: [...exclude], isolate: false },
});

/** Stories whose repository is a directory for all, except where a story is about HTTP; see StageOptions.isRemote. */
const withNearGit = (project: ReturnType<typeof named>) => ({ ...project, test: { ...project.test, env: { ENKI_STORIES: "near" } } });

/** Tests load libraries as the bundles do, without the assertions of micromark's development build. */
const withoutDevelopmentBuilds: Plugin = {
  name: "without-development-builds",
  configResolved: ({ ssr }) => {
    ssr.resolve = { ...ssr.resolve, conditions: ["node"] };
  },
};

export default defineConfig({
  plugins: [withoutDevelopmentBuilds],
  test: {
    // The projects transform the same sources; one transforms each of them, also for the next run.
    experimental: { fsModuleCache: true },
    globalSetup: ["test/support/memory-directory.ts", "test/support/shared-code.ts"],
    setupFiles: ["test/support/clean-up.ts"],
    maxWorkers: "100%",
    testTimeout: 180_000,
    hookTimeout: 60_000,
    server: { deps: { inline: [/@actions\/(workflow-parser|languageservice|expressions)/] } },
    projects: [
      named("unit", UNIT, DEEP),
      named("real", ["test/**/*.test.ts"], [...UNIT, ...DEEP, ...AGENTS, ...ACT, ...CONTRACT, "test/stories/**"]),
      withNearGit(named("stories", STORIES)),
      named("agents", AGENTS),
      named("act", ACT),
      named("contract", CONTRACT),
      named("deep", [...DEEP, "test/stories/**/*.test.ts"], STORIES),
    ],
  },
});
