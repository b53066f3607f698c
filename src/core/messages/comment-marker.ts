const MARKER_KINDS = ["execution", "reply", "answer", "mail", "backlog", "ledger", "notice", "ci"] as const;

/** The kind of a text by Enki: an execution's comment, a reply to a command, an answer to a remark, a mail to a person, a backlog issue, a note about the ledger, a notice, or the issue of a failure in CI. */
export type CommentMarker = { readonly kind: (typeof MARKER_KINDS)[number]; readonly id: string };

/** The hidden first line by which Enki finds its own texts again. */
export const writeMarker = ({ kind, id }: CommentMarker): string => `<!-- enki:${kind}:${id} -->`;

/** Reads the marker in a text's first line; null for other texts. */
export const readMarker = (body: string): CommentMarker | null => {
  const [, name, id] = /^<!-- enki:([a-z]+):([0-9a-z]+) -->/.exec(body) ?? [];
  const kind = MARKER_KINDS.find((each) => each === name);
  return kind !== undefined && id !== undefined ? { kind, id } : null;
};

/** Whether a comment looks like one of Enki's: an App, or a job's token, wrote it with a marker. */
export const isEnkiComment = ({ by, body }: { readonly by: string; readonly body: string }): boolean =>
  by.endsWith("[bot]") && readMarker(body) !== null;
