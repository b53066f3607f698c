import { nodeId, formatTimestamp } from "./api-urls.ts";
import { clientIssueShape, commentConnection } from "./graphql-client-shapes.ts";
import { graphqlActorShape, type RepositoryRequest } from "./graphql-request.ts";
import { connectionShape, type ConnectionSlice } from "./graphql-threads.ts";
import type { Issue, TextEdit } from "./forge-issue.ts";
import type { ForgeRepository } from "./forge-repository.ts";

const editShape = (issue: Issue, { at, by, text }: TextEdit): object => ({
  id: nodeId("UserContentEdit", `${issue.id}/${at}`),
  editedAt: formatTimestamp(at),
  deletedAt: null,
  diff: text,
  editor: graphqlActorShape(by),
});

/** Title changes of an issue or pull request, for its timeline. */
export const renameEvents = (repository: ForgeRepository, { number }: Issue): { at: number; shape: object }[] =>
  repository.history.flatMap(({ id, issue, by, at, rename }) =>
    issue !== number || !rename
      ? []
      : [
          {
            at,
            shape: {
              __typename: "RenamedTitleEvent",
              id: nodeId("RenamedTitleEvent", id),
              createdAt: formatTimestamp(at),
              actor: graphqlActorShape(by),
              currentTitle: rename.to,
              previousTitle: rename.from,
            },
          },
        ],
  );

/**
 * The edit history of an issue or pull request, which REST does not report: each edit with the whole text, newest
 * first.
 */
export const textEditsShape = (issue: Issue): object => ({
  body: issue.body,
  lastEditedAt: issue.edits.length === 0 ? null : formatTimestamp(issue.edits.at(-1)?.at ?? issue.created),
  userContentEdits: (slice: ConnectionSlice) => connectionShape(issue.edits.toReversed(), slice, (edit) => editShape(issue, edit)),
});

type TimelineSlice = { readonly first?: number; readonly last?: number; readonly itemTypes?: readonly string[] };

/** A page of a timeline, oldest first, limited to the requested item types. */
export const timelineConnection = (
  items: readonly { readonly at: number; readonly shape: object }[],
  { first, last, itemTypes }: TimelineSlice,
): object => {
  const typeOf = (shape: object): string => String((shape as { __typename?: unknown }).__typename);
  const enumNameOf = (shape: object): string =>
    typeOf(shape)
      .replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_")
      .toUpperCase();
  const matching = items
    .filter(({ shape }) => !itemTypes || itemTypes.includes(enumNameOf(shape)))
    .toSorted((a, b) => a.at - b.at)
    .map(({ shape }) => shape);
  const nodes = first !== undefined ? matching.slice(0, first) : last !== undefined ? matching.slice(-last) : matching;
  const hasPreviousPage = first === undefined && nodes.length < matching.length;
  return {
    totalCount: matching.length,
    nodes,
    pageInfo: { hasPreviousPage, hasNextPage: first !== undefined && nodes.length < matching.length, endCursor: null },
  };
};

/** An issue that is not a pull request. */
export const graphqlIssueShape = (request: RepositoryRequest, issue: Issue): object => ({
  __typename: "Issue",
  id: nodeId("Issue", issue.id),
  number: issue.number,
  title: issue.title,
  ...clientIssueShape(request, issue),
  ...textEditsShape(issue),
  ...commentConnection(request, issue),
  timelineItems: (slice: TimelineSlice) => timelineConnection(renameEvents(request.repository, issue), slice),
});
