/** What one of our comments is: an execution's comment, or the answer to a comment. */
export type Marker = { readonly kind: "execution" | "reply"; readonly id: string };

/** The hidden first line by which we find our own comment again. */
export const writeMarker = ({ kind, id }: Marker): string => `<!-- enki:${kind}:${id} -->`;

/** The marker in the first line of a text; null where there is none. */
export const readMarker = (body: string): Marker | null => {
  const found = /^<!-- enki:(execution|reply):([0-9a-z]+) -->/.exec(body);
  const [, kind, id] = found ?? [];
  return (kind === "execution" || kind === "reply") && id !== undefined ? { kind, id } : null;
};
