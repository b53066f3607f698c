import { nodeId, formatTimestamp } from "./api-urls.ts";
import { connectionShape, type ConnectionSlice } from "./graphql-threads.ts";
import type { ForgeAccount } from "./forge-actor.ts";
import type { Issue, TextEdit } from "./forge-issue.ts";
import type { ForgeRepository } from "./forge-repository.ts";

const editorShape = ({ id, login, type }: ForgeAccount) => ({ __typename: type, id: nodeId("User", id), login });

const editShape = (issue: Issue, { at, by, text }: TextEdit): object => ({
  id: nodeId("UserContentEdit", `${issue.id}/${at}`),
  editedAt: formatTimestamp(at),
  deletedAt: null,
  diff: text,
  editor: editorShape(by),
});

/** Renames of an issue or pull request, for its timeline. */
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
              actor: editorShape(by),
              currentTitle: rename.to,
              previousTitle: rename.from,
            },
          },
        ],
  );

/** What GraphQL alone tells of the texts of an issue or pull request: each with its whole text, the newest first. */
export const textEditsShape = (issue: Issue): object => ({
  body: issue.body,
  lastEditedAt: issue.edits.length === 0 ? null : formatTimestamp(issue.edits.at(-1)?.at ?? issue.created),
  userContentEdits: (slice: ConnectionSlice) => connectionShape(issue.edits.toReversed(), slice, (edit) => editShape(issue, edit)),
});

type TimelineSlice = { readonly first?: number; readonly last?: number; readonly itemTypes?: readonly string[] };

/** A page of a timeline, oldest first, of the kinds that are asked for. */
export const timelineConnection = (
  items: readonly { readonly at: number; readonly shape: object }[],
  { first, last, itemTypes }: TimelineSlice,
): object => {
  const typeOf = (shape: object): string => String((shape as { __typename?: unknown }).__typename);
  const named = (shape: object): string =>
    typeOf(shape)
      .replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_")
      .toUpperCase();
  const wanted = items
    .filter(({ shape }) => !itemTypes || itemTypes.includes(named(shape)))
    .toSorted((a, b) => a.at - b.at)
    .map(({ shape }) => shape);
  const nodes = first !== undefined ? wanted.slice(0, first) : last !== undefined ? wanted.slice(-last) : wanted;
  const hasPreviousPage = first === undefined && nodes.length < wanted.length;
  return {
    totalCount: wanted.length,
    nodes,
    pageInfo: { hasPreviousPage, hasNextPage: first !== undefined && nodes.length < wanted.length, endCursor: null },
  };
};

/** An issue that is no pull request. */
export const graphqlIssueShape = (repository: ForgeRepository, issue: Issue): object => ({
  __typename: "Issue",
  id: nodeId("Issue", issue.id),
  number: issue.number,
  title: issue.title,
  ...textEditsShape(issue),
  timelineItems: (slice: TimelineSlice) => timelineConnection(renameEvents(repository, issue), slice),
});
