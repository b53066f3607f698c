import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createLocalRunner } from "../../../src/local-github/actions/local-runner.ts";
import { realTimers } from "../actions/bench.ts";
import type { RunObserver, WorkflowRunner } from "../../../src/local-github/actions/workflow-runner.ts";
import { openStage, REPO } from "./stage.ts";

const WORKFLOW = `name: build
run-name: build \${{ inputs.what }}
on: { workflow_dispatch: { inputs: { what: { required: true } } } }
permissions: { contents: read }
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
        with: { persist-credentials: false }
      - run: grep -q Demo README.md && test "$(git rev-parse HEAD)" = "$GITHUB_SHA"
      - run: if git push origin HEAD:refs/heads/stolen; then exit 1; fi
      - env: { TOKEN: "\${{ github.token }}" }
        run: |
          curl --silent --fail --header "Authorization: Bearer $TOKEN" "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY" > /dev/null
          code=$(curl --silent --output /dev/null --write-out '%{http_code}' --request POST --header "Authorization: Bearer $TOKEN" --data '{"title":"x"}' "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/issues")
          test "$code" = 403
`;

/** Creates the forge's runner, which records created tokens and finished runs. */
const noting = () => {
  const tokens: string[] = [];
  const ends: string[] = [];
  const state: { runner: WorkflowRunner | null; over: () => void } = { runner: null, over: () => undefined };
  const over = new Promise<void>((resolve) => (state.over = resolve));
  const observe = (observer: RunObserver): RunObserver => ({
    ...observer,
    onDone: (conclusion, why) => {
      observer.onDone(conclusion, why);
      ends.push(`${conclusion} ${why}`.trim());
      state.over();
    },
  });
  const runner: WorkflowRunner = {
    start: (request, observer) => {
      const mintToken: typeof request.mintToken = (permissions) => {
        const token = request.mintToken(permissions);
        tokens.push(token);
        return token;
      };
      state.runner?.start({ ...request, mintToken }, observe(observer));
    },
    cancel: (run) => state.runner?.cancel(run),
    close: async () => state.runner?.close(),
  };
  return { runner, tokens, ends, over, state };
};

test("a dispatched workflow clones with its job's token, has exactly its permissions, and loses the token at its end", async () => {
  const note = noting();
  const stage = await openStage({ ".github/workflows/build.yml": WORKFLOW }, { runner: note.runner });
  note.state.runner = createLocalRunner({
    directory: join(stage.root, "runner"),
    actionRoot: join(stage.root, "no-action"),
    node: process.execPath,
    env: process.env,
    clock: () => 0,
    timers: realTimers,
    hidden: [join(stage.root, "forge")],
  });
  onTestFinished(async () => {
    await note.runner.close();
    await stage.close();
  });
  const api = stage.octokit(stage.owner);
  await api.actions.createWorkflowDispatch({ ...REPO, workflow_id: "build.yml", ref: "main", inputs: { what: "it" } });
  await note.over;
  await stage.forge.waitUntilIdle();
  expect(note.ends).toEqual(["success"]);
  const { data } = await api.actions.listWorkflowRunsForRepo(REPO);
  expect(data.workflow_runs).toMatchObject([{ display_title: "build it", status: "completed", conclusion: "success" }]);
  const jobs = await api.actions.listJobsForWorkflowRun({ ...REPO, run_id: data.workflow_runs[0]?.id ?? 0 });
  expect(jobs.data.jobs).toMatchObject([{ name: "build", conclusion: "success" }]);
  expect(note.tokens.length).toBe(1);
  const dead = stage.octokit(note.tokens[0] ?? "");
  await expect(dead.repos.get(REPO)).rejects.toMatchObject({ status: 401 });
  expect(await stage.git("ls-remote", stage.remote(stage.owner))).not.toContain("stolen");
});
