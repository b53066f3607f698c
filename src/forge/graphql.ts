import type { Context, Hono } from "hono";
import { buildSchema, graphql, type GraphQLError } from "graphql";
import { z } from "zod";
import { demand, may } from "./access.ts";
import { nodeId, pageUrl, time } from "./addresses.ts";
import { meter, needActor, readActor, readInput } from "./exchange.ts";
import { SCHEMA } from "./graphql-schema.ts";
import { enqueue, entriesOf, entryOf, queueOf, removeFromQueue, whyUnqueueable } from "./merge-queue.ts";
import { commentOfNode, resolve, reviewingShape, threadOfNode } from "./graphql-threads.ts";
import { issueShape, renames, textsShape, timelinePage } from "./graphql-texts.ts";
import { isPull } from "./pull-events.ts";
import type { PullIssue } from "./pull-shapes.ts";
import type { QueueEntry, Removal } from "./queue-entry.ts";
import { checksAt } from "./rules.ts";
import { fullName, keyOf, type Account, type Actor, type Forge, type Repository } from "./state.ts";
import { credentialOf } from "./tokens.ts";

const schema = buildSchema(SCHEMA);
const request = z.object({
  query: z.string(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  operationName: z.string().nullish(),
});

/** GitHub's no, as an error of the answer: its type is beside its message. */
class Denial extends Error {
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

type Asking = { readonly forge: Forge; readonly actor: Actor };
type About = Asking & { readonly repository: Repository };

const actorShape = ({ id, login, type }: Account) => ({ __typename: type, id: nodeId("User", id), login });
const commitShape = (sha: string | null) => (sha === null ? null : { id: nodeId("Commit", sha), oid: sha });

const entryShape = (about: About, { branch, entry }: { branch: string; entry: QueueEntry }): object => {
  const { forge, repository } = about;
  const { red, missing } = checksAt(repository, { branch, sha: entry.head ?? "", apps: forge.apps });
  const state = entry.head === null ? "QUEUED" : red !== null ? "UNMERGEABLE" : missing === null ? "MERGEABLE" : "AWAITING_CHECKS";
  return {
    id: nodeId("MergeQueueEntry", entry.id),
    position: entriesOf(repository, branch).indexOf(entry) + 1,
    state,
    enqueuedAt: time(entry.at),
    enqueuer: actorShape(entry.by.account),
    baseCommit: commitShape(entry.base),
    headCommit: commitShape(entry.head),
    jump: false,
    solo: false,
    pullRequest: () => pullShape(about, entry.issue),
  };
};

const removalShape = ({ id, reason, at, by }: Removal) => ({
  __typename: "RemovedFromMergeQueueEvent",
  id: nodeId("RemovedFromMergeQueueEvent", id),
  createdAt: time(at),
  reason,
  actor: actorShape(by),
});

type Slice = { readonly first?: number; readonly last?: number };
const sliced = <T>(items: readonly T[], { first, last }: Slice): readonly T[] =>
  first !== undefined ? items.slice(0, first) : last !== undefined ? items.slice(-last) : items;

const pullNumbered = ({ issues }: Repository, number: number): PullIssue | null => {
  const issue = issues.get(number);
  return issue && isPull(issue) ? issue : null;
};

const pullShape = (about: About, number: number): object | null => {
  const { forge, repository } = about;
  const issue = pullNumbered(repository, number);
  if (!issue) return null;
  const { pull } = issue;
  const entry = entryOf(repository, issue);
  return {
    __typename: "PullRequest",
    id: nodeId("PullRequest", issue.id),
    number,
    title: issue.title,
    url: `${pageUrl(forge, repository)}/pull/${number}`,
    state: pull.merged ? "MERGED" : issue.state.toUpperCase(),
    merged: pull.merged !== null,
    isDraft: pull.draft,
    headRefName: pull.headRef,
    headRefOid: pull.head,
    baseRefName: pull.baseRef,
    isInMergeQueue: entry !== null,
    isMergeQueueEnabled: queueOf(repository, pull.baseRef) !== null,
    mergeQueueEntry: entry && entryShape(about, { branch: pull.baseRef, entry }),
    mergeCommit: commitShape(pull.merged?.commit ?? null),
    ...reviewingShape(issue),
    ...textsShape(issue),
    timelineItems: (slice: Slice) =>
      timelinePage(
        [...renames(repository, issue), ...pull.removals.map((removal) => ({ at: removal.at, shape: removalShape(removal) }))],
        slice,
      ),
  };
};

const repositoryShape = (about: About): object => {
  const { repository, actor } = about;
  const { merging } = repository;
  return {
    id: nodeId("Repository", repository.id),
    name: repository.name,
    nameWithOwner: fullName(repository),
    mergeCommitAllowed: merging.allow_merge_commit,
    squashMergeAllowed: merging.allow_squash_merge,
    rebaseMergeAllowed: merging.allow_rebase_merge,
    mergeQueue: ({ branch = repository.defaultBranch }: { branch?: string }) => {
      if (!queueOf(repository, branch)) return null;
      const entries = entriesOf(repository, branch);
      return {
        id: nodeId("MergeQueue", `${repository.id}/${branch}`),
        entries: (slice: Slice) => ({
          totalCount: entries.length,
          nodes: sliced(entries, slice).map((entry) => entryShape(about, { branch, entry })),
        }),
      };
    },
    issueOrPullRequest: ({ number }: { number: number }) => {
      const issue = repository.issues.get(number);
      if (!issue) throw new Denial("NOT_FOUND", `Could not resolve to an issue or pull request with the number of ${number}.`);
      if (issue.pull) return pullShape(about, number);
      if (!may(actor, repository, { scope: "issues", level: "read" }))
        throw new Denial("FORBIDDEN", "Resource not accessible by integration");
      return issueShape(repository, issue);
    },
    pullRequest: ({ number }: { number: number }) => {
      const shape = pullShape(about, number);
      if (!shape) throw new Denial("NOT_FOUND", `Could not resolve to a PullRequest with the number of ${number}.`);
      return shape;
    },
  };
};

/** The pull request of a node id, and its repository, where the actor may write to both it and the queue. */
const writable = ({ forge, actor }: Asking, id: string): { about: About; issue: PullIssue } => {
  for (const repository of forge.repositories.values()) {
    const issue = [...repository.issues.values()].filter(isPull).find((each) => nodeId("PullRequest", each.id) === id);
    if (!issue || !may(actor, repository, { scope: "pull_requests", level: "read" })) continue;
    for (const scope of ["contents", "pull_requests", "merge_queues"])
      if (!may(actor, repository, { scope, level: "write" })) throw new Denial("FORBIDDEN", "Resource not accessible by integration");
    return { about: { forge, actor, repository }, issue };
  }
  throw new Denial("NOT_FOUND", `Could not resolve to a node with the global id of '${id}'`);
};

type Enqueue = {
  readonly input: { readonly pullRequestId: string; readonly expectedHeadOid?: string; readonly clientMutationId?: string };
};
type Dequeue = { readonly input: { readonly id: string; readonly clientMutationId?: string } };

type Resolving = { readonly input: { readonly threadId: string; readonly clientMutationId?: string } };

const resolveThread = ({ forge, actor }: Asking, { input }: Resolving, resolved: boolean): object => {
  const found = threadOfNode(forge, input.threadId);
  if (!found || !may(actor, found.repository, { scope: "pull_requests", level: "read" }))
    throw new Denial("NOT_FOUND", `Could not resolve to a node with the global id of '${input.threadId}'`);
  const thread = may(actor, found.repository, { scope: "reviews", level: "write" }) ? resolve(forge, found, { actor, resolved }) : null;
  if (!thread) throw new Denial("FORBIDDEN", "Resource not accessible by integration");
  return { clientMutationId: input.clientMutationId, thread };
};

const rootOf = (asking: Asking): object => ({
  viewer: actorShape(asking.actor.account),
  nodes: ({ ids }: { ids: readonly string[] }) =>
    ids.map((id) => {
      const node = commentOfNode(asking.forge, asking.actor, id);
      return node ?? new Denial("NOT_FOUND", `Could not resolve to a node with the global id of '${id}'`);
    }),
  repository: ({ owner, name }: { owner: string; name: string }) => {
    const repository = asking.forge.repositories.get(keyOf(owner, name));
    if (!repository || !may(asking.actor, repository, { scope: "metadata", level: "read" }))
      throw new Denial("NOT_FOUND", `Could not resolve to a Repository with the name '${owner}/${name}'.`);
    demand(asking.actor, repository, { scope: "pull_requests", level: "read" });
    return repositoryShape({ ...asking, repository });
  },
  enqueuePullRequest: ({ input }: Enqueue) => {
    const { about, issue } = writable(asking, input.pullRequestId);
    if (input.expectedHeadOid !== undefined && input.expectedHeadOid !== issue.pull.head)
      throw new Denial("UNPROCESSABLE", "Pull request Head branch was modified. Review and try the merge again.");
    const why = whyUnqueueable(asking.forge, about.repository, issue);
    if (why !== null) throw new Denial("UNPROCESSABLE", why);
    const entry = enqueue(asking.forge, about.repository, { issue, actor: asking.actor });
    const mergeQueueEntry = entryShape(about, { branch: issue.pull.baseRef, entry });
    return { clientMutationId: input.clientMutationId, mergeQueueEntry };
  },
  resolveReviewThread: (given: Resolving) => resolveThread(asking, given, true),
  unresolveReviewThread: (given: Resolving) => resolveThread(asking, given, false),
  dequeuePullRequest: async ({ input }: Dequeue) => {
    const { about, issue } = writable(asking, input.id);
    const { repository } = about;
    const taken = { issue, reason: "MANUAL", actor: asking.actor } as const;
    const entry = await repository.bare.alone(() => removeFromQueue(asking.forge, repository, taken));
    if (!entry) throw new Denial("UNPROCESSABLE", "Pull request is not in the queue");
    return { clientMutationId: input.clientMutationId, mergeQueueEntry: entryShape(about, { branch: issue.pull.baseRef, entry }) };
  },
});

const errorShape = (error: GraphQLError): object => {
  const { originalError } = error;
  return { ...(originalError instanceof Denial && { type: originalError.type }), ...error.toJSON() };
};

const answer = async (forge: Forge, context: Context): Promise<Response> => {
  const actor = needActor(readActor(forge, context));
  const { headers, over } = meter(forge, credentialOf(context.req.header("authorization")));
  for (const [name, value] of Object.entries(headers)) context.header(name, value);
  context.header("x-ratelimit-resource", "graphql");
  if (over) return context.json({ errors: [{ type: "RATE_LIMITED", message: `API rate limit exceeded for ${actor.account.login}.` }] });
  const { query, variables, operationName } = await readInput(context, request);
  const { data, errors } = await graphql({
    schema,
    source: query,
    rootValue: rootOf({ forge, actor }),
    variableValues: variables ?? {},
    operationName: operationName ?? null,
  });
  return context.json({ ...(data !== undefined && { data }), ...(errors && { errors: errors.map(errorShape) }) });
};

/** GitHub's GraphQL beside its REST, as on a server of one's own. */
export const graphqlRoutes = (forge: Forge, app: Hono): void => {
  app.post("/api/graphql", (context) => answer(forge, context));
};
