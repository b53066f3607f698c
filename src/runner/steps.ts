import type { ActionFile } from "./action-file.ts";
import { downloadArtifact, uploadArtifact } from "./artifacts.ts";
import { checkout } from "./checkout.ts";
import { type Scope, textOf } from "./expression.ts";
import type { Action } from "./job-host.ts";
import { type RunningJob, stepScope } from "./job-state.ts";
import { actionInputs, runNode } from "./node-action.ts";
import { runScript } from "./run-script.ts";
import { type Phase, runPhase } from "./step.ts";
import { sourceOf } from "./tokens.ts";
import { readUses, type Uses } from "./uses.ts";
import type { RunAction, UsesAction, WorkflowStep } from "./workflow.ts";

const setupNode: Action = ({ job }) => {
  job.log.write("The node of this machine is used, whatever version was asked for");
  return Promise.resolve({ "node-version": process.version });
};

const BUILT_IN: Readonly<Record<Exclude<Uses, "enki">, Action>> = {
  checkout,
  "upload-artifact": uploadArtifact,
  "download-artifact": downloadArtifact,
  "setup-node": setupNode,
};

const given = (uses: UsesAction, scope: Scope): ReadonlyMap<string, string> =>
  new Map([...uses.with].map(([name, template]) => [name, textOf(template, scope)]));

type Work = Phase["work"];

const scriptWork =
  (running: RunningJob, action: RunAction): Work =>
  async (call, scope) => {
    const { defaults } = running.job;
    const workflow = running.host.facts.workflow.defaults;
    await runScript(
      { ...call, inputs: new Map() },
      {
        script: textOf(action.script, scope),
        shell: textOf(action.shell ?? defaults.shell ?? workflow.shell, scope),
        directory: textOf(action.directory ?? defaults.directory ?? workflow.directory, scope) || ".",
      },
    );
    return {};
  };

const nodeWork =
  (action: ActionFile, uses: UsesAction, file: string): Work =>
  async (call, scope) => {
    await runNode({ ...call, inputs: actionInputs(action, given(uses, scope), scope) }, file);
    return {};
  };

const workOf = (running: RunningJob, step: WorkflowStep, enki: ActionFile | null): Work => {
  const { action } = step;
  if (action.kind === "run") return scriptWork(running, action);
  const uses = readUses(action.uses);
  if (uses === "enki" && enki) return nodeWork(enki, action, enki.main);
  if (uses === null || uses === "enki") return () => Promise.reject(new Error(`'${action.uses}' is not supported by this runner`));
  return (call, scope) => BUILT_IN[uses]({ ...call, inputs: given(action, scope) });
};

/** A step's name before its expressions can be evaluated. */
export const plainName = (step: WorkflowStep): string => {
  if (step.name) return sourceOf(step.name);
  const { action } = step;
  return `Run ${action.kind === "uses" ? action.uses : (sourceOf(action.script).split("\n")[0] ?? "")}`;
};

const nameOf = (running: RunningJob, step: WorkflowStep): string => {
  const { name, action } = step;
  const template = name ?? (action.kind === "run" ? action.script : null);
  try {
    const text = textOf(template, stepScope(running)).split("\n")[0] ?? "";
    return running.host.log.masks.hide(name ? text : `Run ${action.kind === "uses" ? action.uses : text}`);
  } catch {
    return plainName(step);
  }
};

const usesEnki = (step: WorkflowStep): UsesAction | null =>
  step.action.kind === "uses" && readUses(step.action.uses) === "enki" ? step.action : null;

const beforeAll = async (running: RunningJob, enki: ActionFile): Promise<void> => {
  for (const step of running.job.steps) {
    const uses = usesEnki(step);
    if (!uses || !enki.pre) continue;
    const work = nodeWork(enki, uses, enki.pre.file);
    await runPhase(running, { step, name: `Pre ${uses.uses}`, condition: enki.pre.condition, state: [], work });
  }
};

/** Runs a job's steps in order, an action's `pre` before all and its `post` after all, last first. `changed` is called when a step starts or ends. */
export const runSteps = async (running: RunningJob, enki: ActionFile | null, changed: () => void): Promise<void> => {
  const { job, state } = running;
  const posts: Phase[] = [];
  if (enki) await beforeAll(running, enki);
  for (const [at, step] of job.steps.entries()) {
    const name = nameOf(running, step);
    const phase = { step, name, condition: step.condition, state: [], work: workOf(running, step, enki) };
    const result = await runPhase(running, phase);
    if (step.id !== null) state.results.set(step.id, result);
    state.shown[at] = { name, conclusion: state.dead ? (result.outcome === "skipped" ? null : "cancelled") : result.conclusion };
    changed();
    const uses = usesEnki(step);
    if (!uses || !enki?.post || result.outcome === "skipped") continue;
    const work = nodeWork(enki, uses, enki.post.file);
    posts.unshift({ step, name: `Post ${uses.uses}`, condition: enki.post.condition, state: result.state, work });
  }
  for (const post of posts) await runPhase(running, post);
};
