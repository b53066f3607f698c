/** What somebody attached: what is in it, or where its address leads. */
export type FileAttachment = { readonly name: string; readonly type: string } & (
  | { readonly content: string | Uint8Array }
  | { readonly redirect: string }
);
