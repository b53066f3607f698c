import type { RunConclusion, WorkflowRunner, RunRequest } from "../../src/local-github/actions/workflow-runner.ts";
import { quickRunner } from "./quick-runner.ts";
import type { Script } from "./quick-runner.ts";

/** The file of a repository's own checks: a single job, `build`. */
const CI = ".github/workflows/ci.yml";
export const ciFile = (on: string): Readonly<Record<string, string>> => ({
  [CI]: `on: ${on}\njobs: { build: { runs-on: x, steps: [{ run: make }] } }\n`,
});

/** The quick runner for Enki's own jobs; the repository's own workflow ends as given by a test. */
export const ciRunner =
  (script: Script, ci: (request: RunRequest) => RunConclusion | Promise<RunConclusion>) =>
  (directory: string): WorkflowRunner => {
    const quick = quickRunner({ directory, script });
    const open = new Set<Promise<void>>();
    return {
      start: (request, observer) => {
        if (request.workflow.path !== CI) return quick.start(request, observer);
        const job = { id: "build", name: "build", steps: [], log: null };
        const done = (async () => {
          observer.onJob({ ...job, status: "in_progress", conclusion: null });
          const conclusion = await ci(request);
          observer.onJob({ ...job, status: "completed", conclusion });
          observer.onDone(conclusion, "");
        })().finally(() => open.delete(done));
        open.add(done);
      },
      cancel: (run) => quick.cancel(run),
      close: async () => {
        await Promise.all(open);
        await quick.close();
      },
    };
  };
