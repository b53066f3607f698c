import { join } from "node:path";
import { removeStaleLocks } from "../../storage/git/ref-files.ts";
import { applyPush, markLandedPulls, type MovedRef } from "./apply-push.ts";
import { openBareRepository } from "./bare-repository.ts";
import type { ForgeState } from "./forge-state.ts";
import type { ForgeRepository } from "./forge-repository.ts";
import type { StoredForge } from "./forge-storage.ts";
import { isPullRequest } from "./pull-events.ts";
import { resumeWorkflowRun } from "./start-workflow-run.ts";

/** Fills a new forge with a stored state. Job tokens become invalid, because their jobs are gone. */
export const restoreForge = (forge: ForgeState, stored: StoredForge): void => {
  forge.lastId = stored.lastId;
  for (const [key, account] of stored.accounts) forge.accounts.set(key, account);
  for (const [value, token] of stored.tokens) if (token.actor.kind !== "job") forge.tokens.set(value, token);
  // The addresses of the earlier process are gone.
  for (const app of stored.apps) forge.apps.push(Object.assign({ client: null, owners: null }, app, { webhookUrl: null }));
  for (const [id, attachment] of stored.attachments) forge.attachments.set(id, attachment);
  for (const [key, repository] of stored.repositories) {
    const directory = join(forge.directory, repository.owner.login, `${repository.name}.git`);
    // The earlier process and its commands are gone.
    removeStaleLocks(directory);
    const queues = [...repository.mergeQueues].map(
      ([branch, entries]) => [branch, entries.map((entry) => ({ ...entry, cancel: () => undefined }))] as const,
    );
    forge.repositories.set(key, {
      actionsEnabled: true,
      variables: {},
      environmentVariables: new Map(),
      environmentBranches: new Map(),
      ...repository,
      bare: openBareRepository(directory, forge.after),
      mergeQueues: new Map(queues),
      secrets: {},
      environments: new Map(),
    });
  }
};

/** Branch moves on disk, not yet applied to pull requests. */
const findUnappliedMoves = async ({ issues, bare }: ForgeRepository): Promise<MovedRef[]> => {
  const refs = await bare.listRefs();
  const known = new Map<string, string>();
  for (const issue of issues.values()) {
    if (!isPullRequest(issue) || issue.state !== "open") continue;
    known.set(`refs/heads/${issue.pull.headRef}`, issue.pull.head);
    known.set(`refs/heads/${issue.pull.baseRef}`, issue.pull.baseSha);
  }
  return [...known].map(([ref, from]) => ({ ref, from, to: refs.get(ref) ?? null })).filter(({ from, to }) => from !== to);
};

/** Continues unfinished work of the earlier process: pushes, merge marks and runs. */
export const resumeForge = async (forge: ForgeState): Promise<void> => {
  for (const repository of forge.repositories.values()) {
    const actor = { kind: "user", account: repository.owner, permissions: null } as const;
    await repository.bare.runExclusively(async () => {
      const moves = await findUnappliedMoves(repository);
      if (moves.length > 0) await applyPush(forge, repository, { actor, moves });
      await markLandedPulls(forge, repository, actor);
    });
    const unfinished = [...repository.runs.values()].filter(({ status }) => status !== "completed").toSorted((a, b) => a.id - b.id);
    for (const run of unfinished) resumeWorkflowRun(forge, repository, run);
    forge.advance(forge, repository);
  }
};
