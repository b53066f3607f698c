/** An attachment: its content, or the address that it redirects to. */
export type FileAttachment = { readonly name: string; readonly type: string } & (
  | { readonly content: string | Uint8Array }
  | { readonly redirect: string }
);
