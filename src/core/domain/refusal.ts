/** An error value: a stable code, one sentence for people, and the command to continue with. */
export type Refusal = { readonly code: string; readonly message: string; readonly next: string };

export type RefusedResult = { readonly ok: false; readonly refusal: Refusal };
export type Result<T> = { readonly ok: true; readonly value: T } | RefusedResult;

export const accept = <T>(value: T): Result<T> => ({ ok: true, value });

export const refuse = (code: string, message: string, next = "/enki help"): RefusedResult => ({
  ok: false,
  refusal: { code, message, next },
});
