// Adds an execution of many steps to a ledger: copies of the steps of its newest execution.
import { execFileSync } from "node:child_process";

const LEDGER = "refs/enki/ledger";

/** Writes the execution to the bare repository `directory` and returns its id. */
export const addLargeExecution = (directory, count) => {
  const git = (args, input = "", env = {}) =>
    execFileSync("git", args, { cwd: directory, input, encoding: "utf8", maxBuffer: 1 << 28, env: { ...process.env, ...env } }).trim();
  const listed = git(["ls-tree", "-r", "--name-only", LEDGER]).split("\n");
  const state = listed.find((path) => /^executions\/[^/]+\/state\.json$/.test(path));
  const execution = JSON.parse(git(["show", `${LEDGER}:${state}`]));
  const plan = JSON.parse(git(["show", `${LEDGER}:executions/${execution.id}/plan-${execution.plan}.json`]));
  const toId = (index, id) => `${id}_${index}`;
  const rounds = Array.from({ length: Math.ceil(count / plan.steps.length) }, (_, index) => index);
  const planned = rounds.flatMap((index) =>
    plan.steps.map((step) => ({
      ...step,
      id: toId(index, step.id),
      needs: step.needs.map((need) => ("step" in need ? { ...need, step: toId(index, need.step) } : need)),
    })),
  );
  const steps = rounds.flatMap((index) =>
    Object.entries(execution.steps).map(([id, step]) => [toId(index, id), { ...step, id: toId(index, id) }]),
  );
  const large = { ...execution, id: "1a46e1", plan: "f".repeat(64), request: `${count} steps`, steps: Object.fromEntries(steps) };
  const files = {
    [`executions/${large.id}/state.json`]: large,
    [`executions/${large.id}/plan-${large.plan}.json`]: { ...plan, steps: planned },
  };
  const index = { GIT_INDEX_FILE: `${directory}/large.index` };
  git(["read-tree", LEDGER], "", index);
  for (const [path, value] of Object.entries(files))
    git(
      ["update-index", "--add", "--cacheinfo", `100644,${git(["hash-object", "-w", "--stdin"], JSON.stringify(value))},${path}`],
      "",
      index,
    );
  const author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
  const commit = git([...author, "commit-tree", git(["write-tree"], "", index), "-p", LEDGER, "-m", "Add many steps"]);
  git(["update-ref", LEDGER, commit]);
  return large.id;
};
