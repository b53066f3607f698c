import type { Context, Hono } from "hono";
import type { GraphQLError } from "graphql";
import { z } from "zod";
import { requirePermission, isPermitted } from "./repository-access.ts";
import { nodeId, formatTimestamp } from "./api-urls.ts";
import { countRequest, requireActor, readRequestActor, readJsonInput } from "./api-call.ts";
import { runGraphqlQuery } from "./run-graphql-query.ts";
import { addToMergeQueue, ensureQueueEntries, findQueueEntry, findMergeQueue, removeFromQueue, findEnqueueRefusal } from "./merge-queue.ts";
import {
  findCommentByNode,
  applyThreadResolution,
  findThreadByNode,
  threadConnection,
  connectionShape,
  type ConnectionSlice,
} from "./graphql-threads.ts";
import { graphqlIssueShape, renameEvents, textEditsShape, timelineConnection } from "./graphql-texts.ts";
import { clientPullShape, clientRepositoryShape, clientReviewShape, commentConnection } from "./graphql-client-shapes.ts";
import { createClientMutations, findIssueByNode } from "./graphql-mutations.ts";
import { GraphqlDenial, type GraphqlRequest, graphqlActorShape, type RepositoryRequest } from "./graphql-request.ts";
import { isPullRequest } from "./pull-events.ts";
import type { PullRequestIssue } from "./pull-shapes.ts";
import type { MergeQueueEntry, QueueRemoval } from "./merge-queue-entry.ts";
import { evaluateRequiredChecks } from "./move-refusal.ts";
import { repositoryFullName, formatRepositoryKey, type ForgeRepository } from "./forge-repository.ts";
import { type ForgeState } from "./forge-state.ts";
import { readCredential } from "./access-tokens.ts";

const graphqlRequestSchema = z.object({
  query: z.string(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  operationName: z.string().nullish(),
});

const graphqlCommitShape = (sha: string | null) => (sha === null ? null : { id: nodeId("Commit", sha), oid: sha });

const queueEntryShape = (request: RepositoryRequest, { branch, entry }: { branch: string; entry: MergeQueueEntry }): object => {
  const { forge, repository } = request;
  const { red, missing } = evaluateRequiredChecks(repository, { branch, sha: entry.groupHead ?? "", apps: forge.apps });
  const state = entry.groupHead === null ? "QUEUED" : red !== null ? "UNMERGEABLE" : missing === null ? "MERGEABLE" : "AWAITING_CHECKS";
  return {
    id: nodeId("MergeQueueEntry", entry.id),
    position: ensureQueueEntries(repository, branch).indexOf(entry) + 1,
    state,
    enqueuedAt: formatTimestamp(entry.enqueuedAt),
    enqueuer: graphqlActorShape(entry.enqueuer.account),
    baseCommit: graphqlCommitShape(entry.groupBase),
    headCommit: graphqlCommitShape(entry.groupHead),
    jump: false,
    solo: false,
    pullRequest: () => graphqlPullShape(request, entry.issue),
  };
};

const removalShape = ({ id, reason, at, by }: QueueRemoval) => ({
  __typename: "RemovedFromMergeQueueEvent",
  id: nodeId("RemovedFromMergeQueueEvent", id),
  createdAt: formatTimestamp(at),
  reason,
  actor: graphqlActorShape(by),
});

type EntrySlice = { readonly first?: number; readonly last?: number };
const sliceEntries = <T>(items: readonly T[], { first, last }: EntrySlice): readonly T[] =>
  first !== undefined ? items.slice(0, first) : last !== undefined ? items.slice(-last) : items;

const findGraphqlPull = ({ issues }: ForgeRepository, number: number): PullRequestIssue | null => {
  const issue = issues.get(number);
  return issue && isPullRequest(issue) ? issue : null;
};

const graphqlPullShape = (request: RepositoryRequest, number: number): object | null => {
  const issue = findGraphqlPull(request.repository, number);
  return issue && composePullShape(request, issue);
};

const composePullShape = (request: RepositoryRequest, issue: PullRequestIssue): object => {
  const { repository } = request;
  const { pull, number } = issue;
  const entry = findQueueEntry(repository, issue);
  return {
    __typename: "PullRequest",
    id: nodeId("PullRequest", issue.id),
    number,
    title: issue.title,
    merged: pull.merged !== null,
    isDraft: pull.draft,
    headRefName: pull.headRef,
    headRefOid: pull.head,
    baseRefName: pull.baseRef,
    isInMergeQueue: entry !== null,
    isMergeQueueEnabled: findMergeQueue(repository, pull.baseRef) !== null,
    mergeQueueEntry: entry && queueEntryShape(request, { branch: pull.baseRef, entry }),
    mergeCommit: graphqlCommitShape(pull.merged?.commit ?? null),
    ...clientPullShape(request, issue),
    ...threadConnection(issue),
    reviews: (slice: ConnectionSlice) => connectionShape(pull.reviews, slice, (review) => clientReviewShape(repository, review)),
    ...textEditsShape(issue),
    ...commentConnection(request, issue),
    timelineItems: (slice: EntrySlice) =>
      timelineConnection(
        [...renameEvents(repository, issue), ...pull.removals.map((removal) => ({ at: removal.at, shape: removalShape(removal) }))],
        slice,
      ),
  };
};

const graphqlRepositoryShape = (request: RepositoryRequest): object => {
  const { repository, actor } = request;
  const { mergeSettings } = repository;
  return {
    id: nodeId("Repository", repository.id),
    name: repository.name,
    nameWithOwner: repositoryFullName(repository),
    ...clientRepositoryShape(request, {
      issue: (issue) => graphqlIssueShape(request, issue),
      pull: (issue) => composePullShape(request, issue),
    }),
    mergeCommitAllowed: mergeSettings.allow_merge_commit,
    squashMergeAllowed: mergeSettings.allow_squash_merge,
    rebaseMergeAllowed: mergeSettings.allow_rebase_merge,
    mergeQueue: ({ branch = repository.defaultBranch }: { branch?: string }) => {
      if (!findMergeQueue(repository, branch)) return null;
      const entries = ensureQueueEntries(repository, branch);
      return {
        id: nodeId("MergeQueue", `${repository.id}/${branch}`),
        entries: (slice: EntrySlice) => ({
          totalCount: entries.length,
          nodes: sliceEntries(entries, slice).map((entry) => queueEntryShape(request, { branch, entry })),
        }),
      };
    },
    issueOrPullRequest: ({ number }: { number: number }) => {
      const issue = repository.issues.get(number);
      if (!issue) throw new GraphqlDenial("NOT_FOUND", `Could not resolve to an issue or pull request with the number of ${number}.`);
      if (issue.pull) return graphqlPullShape(request, number);
      if (!isPermitted(actor, repository, { scope: "issues", level: "read" }))
        throw new GraphqlDenial("FORBIDDEN", "Resource not accessible by integration");
      return graphqlIssueShape(request, issue);
    },
    pullRequest: ({ number }: { number: number }) => {
      const shape = graphqlPullShape(request, number);
      if (!shape) throw new GraphqlDenial("NOT_FOUND", `Could not resolve to a PullRequest with the number of ${number}.`);
      return shape;
    },
  };
};

/**
 * Finds the pull request of a node id with its repository; throws a denial unless the actor may write to the pull
 * request and the queue.
 */
const getWritablePull = ({ forge, actor }: GraphqlRequest, id: string): { target: RepositoryRequest; issue: PullRequestIssue } => {
  for (const repository of forge.repositories.values()) {
    const issue = [...repository.issues.values()].filter(isPullRequest).find((each) => nodeId("PullRequest", each.id) === id);
    if (!issue || !isPermitted(actor, repository, { scope: "pull_requests", level: "read" })) continue;
    for (const scope of ["contents", "pull_requests", "merge_queues"])
      if (!isPermitted(actor, repository, { scope, level: "write" }))
        throw new GraphqlDenial("FORBIDDEN", "Resource not accessible by integration");
    return { target: { forge, actor, repository }, issue };
  }
  throw new GraphqlDenial("NOT_FOUND", `Could not resolve to a node with the global id of '${id}'`);
};

type EnqueueMutation = {
  readonly input: { readonly pullRequestId: string; readonly expectedHeadOid?: string; readonly clientMutationId?: string };
};
type DequeueMutation = { readonly input: { readonly id: string; readonly clientMutationId?: string } };

type ResolveMutation = { readonly input: { readonly threadId: string; readonly clientMutationId?: string } };

const setThreadResolution = ({ forge, actor }: GraphqlRequest, { input }: ResolveMutation, resolved: boolean): object => {
  const found = findThreadByNode(forge, input.threadId);
  if (!found || !isPermitted(actor, found.repository, { scope: "pull_requests", level: "read" }))
    throw new GraphqlDenial("NOT_FOUND", `Could not resolve to a node with the global id of '${input.threadId}'`);
  const thread = isPermitted(actor, found.repository, { scope: "reviews", level: "write" })
    ? applyThreadResolution(forge, found, { actor, resolved })
    : null;
  if (!thread) throw new GraphqlDenial("FORBIDDEN", "Resource not accessible by integration");
  return { clientMutationId: input.clientMutationId, thread };
};

const createRootValue = (request: GraphqlRequest): object => ({
  viewer: graphqlActorShape(request.actor.account),
  ...createClientMutations(request),
  node: ({ id }: { id: string }) => {
    const { target, issue } = findIssueByNode(request, id);
    return isPullRequest(issue) ? composePullShape(target, issue) : graphqlIssueShape(target, issue);
  },
  nodes: ({ ids }: { ids: readonly string[] }) =>
    ids.map((id) => {
      const node = findCommentByNode(request.forge, request.actor, id);
      return node ?? new GraphqlDenial("NOT_FOUND", `Could not resolve to a node with the global id of '${id}'`);
    }),
  repository: ({ owner, name }: { owner: string; name: string }) => {
    const repository = request.forge.repositories.get(formatRepositoryKey(owner, name));
    if (!repository || !isPermitted(request.actor, repository, { scope: "metadata", level: "read" }))
      throw new GraphqlDenial("NOT_FOUND", `Could not resolve to a Repository with the name '${owner}/${name}'.`);
    requirePermission(request.actor, repository, { scope: "pull_requests", level: "read" });
    return graphqlRepositoryShape({ ...request, repository });
  },
  enqueuePullRequest: ({ input }: EnqueueMutation) => {
    const { target, issue } = getWritablePull(request, input.pullRequestId);
    if (input.expectedHeadOid !== undefined && input.expectedHeadOid !== issue.pull.head)
      throw new GraphqlDenial("UNPROCESSABLE", "Pull request Head branch was modified. Review and try the merge again.");
    const reason = findEnqueueRefusal(request.forge, target.repository, issue);
    if (reason !== null) throw new GraphqlDenial("UNPROCESSABLE", reason);
    const entry = addToMergeQueue(request.forge, target.repository, { issue, actor: request.actor });
    const mergeQueueEntry = queueEntryShape(target, { branch: issue.pull.baseRef, entry });
    return { clientMutationId: input.clientMutationId, mergeQueueEntry };
  },
  resolveReviewThread: (mutation: ResolveMutation) => setThreadResolution(request, mutation, true),
  unresolveReviewThread: (mutation: ResolveMutation) => setThreadResolution(request, mutation, false),
  dequeuePullRequest: async ({ input }: DequeueMutation) => {
    const { target, issue } = getWritablePull(request, input.id);
    const { repository } = target;
    const removal = { issue, reason: "MANUAL", actor: request.actor } as const;
    const entry = await repository.bare.runExclusively(() => removeFromQueue(request.forge, repository, removal));
    if (!entry) throw new GraphqlDenial("UNPROCESSABLE", "Pull request is not in the queue");
    return { clientMutationId: input.clientMutationId, mergeQueueEntry: queueEntryShape(target, { branch: issue.pull.baseRef, entry }) };
  },
});

const graphqlErrorShape = (error: GraphQLError): object => {
  const { originalError } = error;
  return { ...(originalError instanceof GraphqlDenial && { type: originalError.type }), ...error.toJSON() };
};

const answerGraphql = async (forge: ForgeState, context: Context): Promise<Response> => {
  const actor = requireActor(readRequestActor(forge, context));
  const { headers, over } = countRequest(forge, readCredential(context.req.header("authorization")));
  for (const [name, value] of Object.entries(headers)) context.header(name, value);
  context.header("x-ratelimit-resource", "graphql");
  if (over) return context.json({ errors: [{ type: "RATE_LIMITED", message: `API rate limit exceeded for ${actor.account.login}.` }] });
  const { query, variables, operationName } = await readJsonInput(context, graphqlRequestSchema);
  const { data, errors } = await runGraphqlQuery({
    query,
    variables: variables ?? {},
    operation: operationName ?? null,
    root: createRootValue({ forge, actor }),
  });
  return context.json({ ...(data !== undefined && { data }), ...(errors && { errors: errors.map(graphqlErrorShape) }) });
};

/** Serves GraphQL at the address that GitHub Enterprise Server uses. */
export const graphqlRoutes = (forge: ForgeState, app: Hono): void => {
  app.post("/api/graphql", (context) => answerGraphql(forge, context));
};
