import type { ForgeEvent, EventSource } from "./forge-event.ts";
import { recordBlockedRun, startWorkflowRun } from "./start-workflow-run.ts";
import { type ForgeState } from "./forge-state.ts";
import { type ForgeRepository, repositoryKey } from "./forge-repository.ts";
import { type TriggerOccasion, readTriggers, isTriggeredBy, type WorkflowTriggers } from "./workflow-triggers.ts";
import { type EventPayload } from "./webhook-event.ts";
import { composeEventPayload } from "./deliver-webhooks.ts";

export type TriggeredFile = { readonly path: string; readonly text: string; readonly triggers: WorkflowTriggers | null };

const WORKFLOWS_FOLDER = ".github/workflows";

/** The workflow files at a commit, by name, and the machine's own. */
export const readWorkflowsAt = async (repository: ForgeRepository, commit: string): Promise<TriggeredFile[]> => {
  const texts = new Map(Object.entries(repository.workflowFiles));
  for (const { name, type } of await repository.bare.listEntries(commit, WORKFLOWS_FOLDER)) {
    const path = `${WORKFLOWS_FOLDER}/${name}`;
    if (type !== "blob" || !/\.ya?ml$/.test(name) || texts.has(path)) continue;
    texts.set(path, (await repository.bare.readFile(commit, path))?.toString("utf8") ?? "");
  }
  return [...texts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([path, text]) => ({ path, text, triggers: readTriggers(text) }));
};

export const workflowNameOf = (file: TriggeredFile): string => file.triggers?.name ?? file.path;

export const findDefaultSource = async (repository: ForgeRepository): Promise<EventSource | null> => {
  const ref = `refs/heads/${repository.defaultBranch}`;
  const sha = await repository.bare.readRef(ref);
  return sha === null ? null : { ref, sha };
};

const DISPATCH_EVENTS = new Set(["workflow_dispatch", "repository_dispatch"]);
const APPROVAL_ACTIONS = new Set(["opened", "synchronize", "reopened"]);

const MAX_CHAINED_RUNS = 3;

type StartMode = "start" | "block" | "nothing";

/** A job token's events start runs only by dispatch; runs for its pull requests await approval. */
const startModeOf = (forgeEvent: ForgeEvent): StartMode => {
  const { event, payload, actor } = forgeEvent;
  // https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows#workflow_run
  if ((forgeEvent.chain ?? 0) > MAX_CHAINED_RUNS) return "nothing";
  if (actor.kind !== "job" || DISPATCH_EVENTS.has(event)) return "start";
  return event === "pull_request" && APPROVAL_ACTIONS.has(String(payload["action"])) ? "block" : "nothing";
};

const toTriggerOccasion = ({ event, payload, ref, paths, workflow }: ForgeEvent): TriggerOccasion => {
  const action = event === "schedule" ? payload["schedule"] : payload["action"];
  return { event, action: typeof action === "string" ? action : null, ref: ref ?? null, paths: paths ?? null, workflow: workflow ?? null };
};

const reportedCommitOf = ({ sha, reportOn }: EventSource): string => reportOn?.sha ?? sha;

const startTriggeredRuns = async (
  forge: ForgeState,
  repository: ForgeRepository,
  start: { event: ForgeEvent; payload: EventPayload; mode: StartMode },
): Promise<void> => {
  const { event, payload, mode } = start;
  const source = await (event.findSource ?? (() => findDefaultSource(repository)))();
  const head = source && (await repository.bare.describeCommit(reportedCommitOf(source)));
  if (!source || !head) return;
  const occasion = toTriggerOccasion(event);
  for (const file of await readWorkflowsAt(repository, source.sha)) {
    if (!file.triggers || !isTriggeredBy(file.triggers, occasion)) continue;
    const name = workflowNameOf(file);
    const run = {
      ...source,
      head,
      path: file.path,
      text: file.text,
      name,
      event: event.event,
      payload,
      inputs: {},
      actor: event.actor,
      title: event.title ?? name,
      chain: event.chain ?? 0,
    };
    if (mode === "block") recordBlockedRun(forge, repository, run);
    else startWorkflowRun(forge, repository, run);
  }
};

/** Starts the workflows that an event triggers, in the order of the events. */
export const triggerWorkflows = (forge: ForgeState, repository: ForgeRepository, event: ForgeEvent): void => {
  const mode = startModeOf(event);
  // GitHub has no trigger `workflow_job`.
  if (mode === "nothing" || event.event === "workflow_job" || !repository.actionsEnabled) return;
  const payload = structuredClone(
    composeEventPayload(forge, repository, { event: event.event, payload: event.payload, by: event.actor.account }),
  );
  void forge.background.runInOrder(`runs of ${repositoryKey(repository)}`, () =>
    startTriggeredRuns(forge, repository, { event, payload, mode }),
  );
};
