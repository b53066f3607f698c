import { openRepositoryLoop } from "../src/coordinator/repository-loop.ts";
import { comment } from "../test/support/build.ts";
import { config } from "../test/support/config.ts";
import { fanWorkflow } from "../test/support/fan-workflow.ts";
import { memoryWorld } from "../test/support/memory-world.ts";

/** Runs workflows of parallel roles from the command to the end, with git and GitHub in memory: `npm run bench -- fan [<roles>,…] [<results per turn>]`. */
const [sizes = "100,300,1000", batchSize = "10"] = process.argv.slice(2);

const open = (size: number) => {
  const workers = { total: size, tiers: { light: size, standard: size, heavy: size } };
  const workflows = { fan: { path: "fan.md", text: fanWorkflow(size) } };
  const memory = memoryWorld({ config: config({ workers, workflows }) });
  const most = { comment: 0, inputs: 0 };
  const handle = openRepositoryLoop({
    ...memory.world,
    save: (act, before, inputs) => {
      most.inputs = Math.max(most.inputs, JSON.stringify(inputs).length);
      return memory.world.save(act, before, inputs);
    },
  });
  const wake = async (): Promise<void> => {
    memory.state.now += 1_000;
    await handle([{ kind: "woken" }]);
    most.comment = Math.max(most.comment, ...memory.state.comments.map(({ body }) => body.length));
  };
  return { ...memory, most, handle, wake };
};

const play = async (size: number, batch: number) => {
  const { state, running, finish, most, handle, wake } = open(size);
  const startedAt = performance.now();
  await handle([comment(1, { kind: "run", workflow: "fan", args: "x" })]);
  const runningAt = performance.now();
  for (let jobs = running(); jobs.length > 0; jobs = running()) {
    for (const job of jobs.slice(0, batch)) finish(job, { end: /^verify|-join\//.test(job) ? "success" : "unchanged" });
    await wake();
  }
  const [execution] = Object.values(state.ledger.executions);
  return {
    roles: size,
    state: execution?.state,
    "started, ms": Math.round(runningAt - startedAt),
    "ended, ms": Math.round(performance.now() - startedAt),
    pushes: state.pushes,
    requests: state.requests,
    "longest comment, chars": most.comment,
    "largest inputs, chars": most.inputs,
    "execution, chars": JSON.stringify(execution).length,
  };
};

const rows = [];
for (const size of sizes.split(",")) rows.push(await play(Number(size), Number(batchSize)));
console.log(JSON.stringify({ bench: "fan", batchSize: Number(batchSize), rows }));
console.table(rows);
