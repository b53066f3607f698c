const MARKER_KINDS = ["execution", "reply", "answer", "mail", "backlog"] as const;

/** What one of our texts is: an execution's comment, the answer to a command, the answer to a remark, a mail to a person, an issue of the backlog. */
export type CommentMarker = { readonly kind: (typeof MARKER_KINDS)[number]; readonly id: string };

/** The hidden first line by which we find our own comment again. */
export const writeMarker = ({ kind, id }: CommentMarker): string => `<!-- enki:${kind}:${id} -->`;

/** The marker in the first line of a text; null where there is none. */
export const readMarker = (body: string): CommentMarker | null => {
  const [, name, id] = /^<!-- enki:([a-z]+):([0-9a-z]+) -->/.exec(body) ?? [];
  const kind = MARKER_KINDS.find((each) => each === name);
  return kind !== undefined && id !== undefined ? { kind, id } : null;
};
