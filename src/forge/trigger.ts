import type { Event, Place } from "./happen.ts";
import { startBlocked, startRun } from "./runs.ts";
import { type Forge, type Repository, repositoryKey } from "./state.ts";
import { type Occasion, readTriggers, runsOn, type Triggers } from "./triggers.ts";
import { type Payload, payloadOf } from "./webhooks.ts";

export type WorkflowFile = { readonly path: string; readonly text: string; readonly triggers: Triggers | null };

const FOLDER = ".github/workflows";

/** Workflow files at a commit, by name. */
export const workflowsAt = async (repository: Repository, commit: string): Promise<WorkflowFile[]> => {
  const files: WorkflowFile[] = [];
  for (const { name, type } of await repository.bare.entries(commit, FOLDER)) {
    if (type !== "blob" || !/\.ya?ml$/.test(name)) continue;
    const path = `${FOLDER}/${name}`;
    const text = (await repository.bare.file(commit, path))?.toString("utf8") ?? "";
    files.push({ path, text, triggers: readTriggers(text) });
  }
  return files;
};

export const nameOf = (file: WorkflowFile): string => file.triggers?.name ?? file.path;

export const defaultPlace = async (repository: Repository): Promise<Place | null> => {
  const ref = `refs/heads/${repository.defaultBranch}`;
  const sha = await repository.bare.ref(ref);
  return sha === null ? null : { ref, sha };
};

const DISPATCHES = new Set(["workflow_dispatch", "repository_dispatch"]);
const WAITING = new Set(["opened", "synchronize", "reopened"]);

const LONGEST_CHAIN = 3;

type Way = "start" | "block" | "nothing";

/** What a job's token causes starts nothing but dispatches; its pull requests' runs wait for approval. */
const wayOf = (happening: Event): Way => {
  const { event, payload, actor } = happening;
  // https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows#workflow_run
  if ((happening.chain ?? 0) > LONGEST_CHAIN) return "nothing";
  if (actor.kind !== "job" || DISPATCHES.has(event)) return "start";
  return event === "pull_request" && WAITING.has(String(payload["action"])) ? "block" : "nothing";
};

const occasionOf = ({ event, payload, ref, paths, workflow }: Event): Occasion => {
  const action = payload["action"];
  return { event, action: typeof action === "string" ? action : null, ref: ref ?? null, paths: paths ?? null, workflow: workflow ?? null };
};

const reportedOn = ({ sha, on }: Place): string => on?.sha ?? sha;

const startAll = async (forge: Forge, repository: Repository, of: { event: Event; payload: Payload; way: Way }): Promise<void> => {
  const { event, payload } = of;
  const place = await (event.place ?? (() => defaultPlace(repository)))();
  const head = place && (await repository.bare.describe(reportedOn(place)));
  if (!place || !head) return;
  const occasion = occasionOf(event);
  for (const file of await workflowsAt(repository, place.sha)) {
    if (!file.triggers || !runsOn(file.triggers, occasion)) continue;
    const name = nameOf(file);
    const start = {
      ...place,
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
    if (of.way === "block") startBlocked(forge, repository, start);
    else startRun(forge, repository, start);
  }
};

/** Starts the workflows that listen to an event, in the order of the events. */
export const trigger = (forge: Forge, repository: Repository, event: Event): void => {
  const way = wayOf(event);
  // A workflow cannot listen to its own jobs.
  if (way === "nothing" || event.event === "workflow_job") return;
  const payload = structuredClone(payloadOf(forge, repository, { event: event.event, payload: event.payload, by: event.actor.account }));
  void forge.work.inTurn(`runs of ${repositoryKey(repository)}`, () => startAll(forge, repository, { event, payload, way }));
};
