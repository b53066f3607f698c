import type { ZodType } from "zod";
import { type ApiCall, okReply, type RouteHandler } from "./api-call.ts";
import { ApiRefusal } from "./api-refusal.ts";
import { nodeId } from "./api-urls.ts";
import { createIssueComment } from "./comment-routes.ts";
import type { Issue } from "./forge-issue.ts";
import type { ForgeRepository } from "./forge-repository.ts";
import { clientCommentShape, clientIssueShape, clientReviewShape } from "./graphql-client-shapes.ts";
import { GraphqlDenial, type GraphqlRequest, type RepositoryRequest } from "./graphql-request.ts";
import { createIssue } from "./issue-routes.ts";
import { isPermitted } from "./repository-access.ts";
import { createReview } from "./review-routes.ts";

type MutationCall = { readonly scope: string; readonly number?: number; readonly body: unknown };

/** Performs a mutation with the handler of the same request in REST; returns the id of the created object. */
const callHandler = async (
  { forge, actor, repository }: RepositoryRequest,
  handler: RouteHandler,
  { scope, number, body }: MutationCall,
): Promise<number> => {
  if (!isPermitted(actor, repository, { scope, level: "write" }))
    throw new GraphqlDenial("FORBIDDEN", "Resource not accessible by integration");
  const call: ApiCall = {
    forge,
    repository,
    reader: actor,
    actor: () => actor,
    param: () => String(number ?? ""),
    query: () => undefined,
    input: <T>(schema: ZodType<T>) => Promise.resolve(schema.parse(body)),
    page: (items) => okReply(items),
  };
  try {
    const reply = await handler(call);
    return (reply.body as { id: number }).id;
  } catch (error) {
    if (error instanceof ApiRefusal)
      throw new GraphqlDenial("UNPROCESSABLE", (error.errors ?? []).map(describeFault).join(", ") || error.message);
    throw error;
  }
};

const describeFault = (fault: unknown): string =>
  typeof fault === "object" && fault !== null && "message" in fault ? String(fault.message) : String(fault);

type FoundIssue = { readonly target: RepositoryRequest; readonly issue: Issue };

const notFound = (id: string): GraphqlDenial => new GraphqlDenial("NOT_FOUND", `Could not resolve to a node with the global id of '${id}'`);

const readableRepositories = ({ forge, actor }: GraphqlRequest): ForgeRepository[] =>
  [...forge.repositories.values()].filter((repository) => isPermitted(actor, repository, { scope: "metadata", level: "read" }));

/** Finds the issue or pull request of a node id; throws a denial if the actor sees none. */
export const findIssueByNode = (request: GraphqlRequest, id: string): FoundIssue => {
  for (const repository of readableRepositories(request))
    for (const issue of repository.issues.values())
      if (nodeId(issue.pull ? "PullRequest" : "Issue", issue.id) === id) return { target: { ...request, repository }, issue };
  throw notFound(id);
};

type Mutation<T> = { readonly input: T & { readonly clientMutationId?: string } };

/** The mutations that `gh` sends. */
export const createClientMutations = (request: GraphqlRequest): object => ({
  createIssue: async ({ input }: Mutation<{ readonly repositoryId: string; readonly title: string; readonly body?: string }>) => {
    const repository = readableRepositories(request).find(({ id }) => nodeId("Repository", id) === input.repositoryId);
    if (!repository) throw notFound(input.repositoryId);
    const target = { ...request, repository };
    const { title, body } = input;
    const id = await callHandler(target, createIssue, { scope: "issues", body: { title, body } });
    const issue = [...repository.issues.values()].find((each) => each.id === id);
    const shape = issue && {
      __typename: "Issue",
      id: nodeId("Issue", id),
      number: issue.number,
      title,
      ...clientIssueShape(target, issue),
    };
    return { clientMutationId: input.clientMutationId, issue: shape };
  },
  addComment: async ({ input }: Mutation<{ readonly subjectId: string; readonly body: string }>) => {
    const { target, issue } = findIssueByNode(request, input.subjectId);
    const id = await callHandler(target, createIssueComment, { scope: "issues", number: issue.number, body: { body: input.body } });
    const comment = target.repository.comments.get(id);
    return { clientMutationId: input.clientMutationId, commentEdge: { node: comment && clientCommentShape(target, comment) } };
  },
  addPullRequestReview: async ({
    input,
  }: Mutation<{ readonly pullRequestId: string; readonly event?: string; readonly body?: string; readonly commitOID?: string }>) => {
    const { target, issue } = findIssueByNode(request, input.pullRequestId);
    const body = { event: input.event, body: input.body, commit_id: input.commitOID };
    const id = await callHandler(target, createReview, { scope: "reviews", number: issue.number, body });
    const review = issue.pull?.reviews.find((each) => each.id === id);
    return { clientMutationId: input.clientMutationId, pullRequestReview: review && clientReviewShape(target.repository, review) };
  },
});
