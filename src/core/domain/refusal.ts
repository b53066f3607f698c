/** A "no" that explains itself: a stable code, one sentence why, and the command that goes on. */
export type Refusal = { readonly code: string; readonly message: string; readonly next: string };

export type RefusedResult = { readonly ok: false; readonly refusal: Refusal };
export type Result<T> = { readonly ok: true; readonly value: T } | RefusedResult;

export const accept = <T>(value: T): Result<T> => ({ ok: true, value });

export const refuse = (code: string, why: string, next = "/enki help"): RefusedResult => ({
  ok: false,
  refusal: { code, message: why, next },
});
