import { join } from "node:path";
import { type ActionFile, readActionFile } from "./action-file.ts";
import { StepFault } from "./step-fault.ts";
import { downloadArtifact, uploadArtifact } from "./artifact-actions.ts";
import { checkoutRepository } from "./checkout-repository.ts";
import { type ExpressionScope, evaluateText } from "./evaluate-expression.ts";
import type { BuiltInAction } from "./job-host.ts";
import { type RunningJob, createStepScope } from "./job-state.ts";
import { evaluateActionInputs, runNodeAction } from "./node-action.ts";
import { findOwnSteps, findStepProgram, isAgentStep, runOwnStep } from "./run-own-step.ts";
import { runScript } from "./run-script.ts";
import { type StepPhase, runStepPhase } from "./run-step-phase.ts";
import { tokenSource } from "./template-tokens.ts";
import { type BuiltInName, isLaterArtifactAction, readSupportedAction } from "./supported-action.ts";
import type { RunAction, UsesAction, WorkflowStep } from "./actions-workflow.ts";

const setupNode: BuiltInAction = ({ job }) => {
  job.log.write("Using the Node.js of this machine; the requested version is ignored.");
  return Promise.resolve({ "node-version": process.version });
};

const BUILT_IN_ACTIONS: Readonly<Record<BuiltInName, BuiltInAction>> = {
  checkout: checkoutRepository,
  "upload-artifact": uploadArtifact,
  "download-artifact": downloadArtifact,
  "setup-node": setupNode,
};

/** The words of `@actions/artifact`: https://github.com/actions/toolkit/blob/main/packages/artifact/src/internal/shared/errors.ts */
const SERVER_REFUSAL = "@actions/artifact v2.0.0+, upload-artifact@v4+ and download-artifact@v4+ are not currently supported on GHES.";

const evaluateGivenInputs = (uses: UsesAction, scope: ExpressionScope): ReadonlyMap<string, string> =>
  new Map([...uses.with].map(([name, template]) => [name, evaluateText(template, scope)]));

type PhaseWork = StepPhase["work"];

const createScriptWork =
  (running: RunningJob, action: RunAction): PhaseWork =>
  async (call, scope) => {
    const { defaults } = running.job;
    const workflow = running.host.facts.workflow.defaults;
    await runScript(
      { ...call, inputs: new Map() },
      {
        script: evaluateText(action.script, scope),
        shell: evaluateText(action.shell ?? defaults.shell ?? workflow.shell, scope),
        directory: evaluateText(action.directory ?? defaults.directory ?? workflow.directory, scope) || ".",
      },
    );
    return {};
  };

const createNodeWork =
  (action: ActionFile, uses: UsesAction, file: string): PhaseWork =>
  async (call, scope) => {
    const started = { ...call, inputs: evaluateActionInputs(action, evaluateGivenInputs(uses, scope), scope) };
    const isMain = file === action.main;
    const ownSteps = isMain ? findOwnSteps(started) : null;
    if (ownSteps !== null) return runOwnStep(ownSteps, started);
    const program = (isMain ? findStepProgram(started) : undefined) ?? file;
    const { facts, installation } = call.job;
    const play = (stop: AbortSignal): Promise<void> => runNodeAction({ ...started, stop }, program);
    if (isMain && isAgentStep(started)) await installation.agentSteps.play(facts.request.id, call.stop, play);
    else await play(call.stop);
    return {};
  };

/** Runs an action that lies in the workspace. As on GitHub, its file is read when the step runs, after the job checked it out. */
const createWorkspaceWork =
  (uses: UsesAction): PhaseWork =>
  async (call, scope) => {
    const read = await readActionFile(join(call.job.directories.workspace, uses.uses));
    if (!read.ok) throw new StepFault(`'${uses.uses}' holds no action: ${read.reason}. Did you forget to run actions/checkout before it?`);
    const { action } = read;
    if (action.pre) throw new StepFault("`pre` execution is not supported for local action");
    await runNodeAction({ ...call, inputs: evaluateActionInputs(action, evaluateGivenInputs(uses, scope), scope) }, action.main);
    return {};
  };

const createPhaseWork = (running: RunningJob, step: WorkflowStep, enki: ActionFile | null): PhaseWork => {
  const { action } = step;
  if (action.kind === "run") return createScriptWork(running, action);
  const uses = readSupportedAction(action.uses);
  if (uses === "workspace") return createWorkspaceWork(action);
  if (uses === "enki" && enki) return createNodeWork(enki, action, enki.main);
  if (uses === null || uses === "enki") return () => Promise.reject(new Error(`'${action.uses}' is not supported by this runner`));
  const isOnServer = running.host.facts.request.enterpriseServer ?? false;
  if (isOnServer && isLaterArtifactAction(action.uses)) return () => Promise.reject(new StepFault(SERVER_REFUSAL));
  // Version 3 of the upload knows no such input, and always includes hidden files.
  const fixed: readonly (readonly [string, string])[] = isOnServer && uses === "upload-artifact" ? [["include-hidden-files", "true"]] : [];
  return (call, scope) => BUILT_IN_ACTIONS[uses]({ ...call, inputs: new Map([...evaluateGivenInputs(action, scope), ...fixed]) });
};

/** The name of a step whose expressions cannot be evaluated yet. */
export const unevaluatedStepName = (step: WorkflowStep): string => {
  if (step.name) return tokenSource(step.name);
  const { action } = step;
  return `Run ${action.kind === "uses" ? action.uses : (tokenSource(action.script).split("\n")[0] ?? "")}`;
};

const evaluateStepName = (running: RunningJob, step: WorkflowStep): string => {
  const { name, action } = step;
  const template = name ?? (action.kind === "run" ? action.script : null);
  try {
    const text = evaluateText(template, createStepScope(running)).split("\n")[0] ?? "";
    return running.host.log.masks.hide(name ? text : `Run ${action.kind === "uses" ? action.uses : text}`);
  } catch {
    return unevaluatedStepName(step);
  }
};

const findLocalUse = (step: WorkflowStep): UsesAction | null =>
  step.action.kind === "uses" && readSupportedAction(step.action.uses) === "enki" ? step.action : null;

const runPrePhases = async (running: RunningJob, enki: ActionFile): Promise<void> => {
  for (const step of running.job.steps) {
    const uses = findLocalUse(step);
    if (!uses || !enki.pre) continue;
    const work = createNodeWork(enki, uses, enki.pre.file);
    await runStepPhase(running, { step, name: `Pre ${uses.uses}`, condition: enki.pre.condition, state: [], work });
  }
};

/**
 * Runs a job's steps in order, with the `pre` phases of actions first and their `post` phases last, in reverse order.
 * Calls `changed` after each step.
 */
export const runAllSteps = async (running: RunningJob, enki: ActionFile | null, changed: () => void): Promise<void> => {
  const { job, state } = running;
  const posts: StepPhase[] = [];
  if (enki) await runPrePhases(running, enki);
  for (const [index, step] of job.steps.entries()) {
    const name = evaluateStepName(running, step);
    const phase = { step, name, condition: step.condition, state: [], work: createPhaseWork(running, step, enki) };
    const result = await runStepPhase(running, phase);
    if (step.id !== null) state.results.set(step.id, result);
    state.reportedSteps[index] = { name, conclusion: state.dead ? (result.outcome === "skipped" ? null : "cancelled") : result.conclusion };
    changed();
    const uses = findLocalUse(step);
    if (!uses || !enki?.post || result.outcome === "skipped") continue;
    const work = createNodeWork(enki, uses, enki.post.file);
    posts.unshift({ step, name: `Post ${uses.uses}`, condition: enki.post.condition, state: result.state, work });
  }
  for (const post of posts) await runStepPhase(running, post);
};
