/** A "no" that explains itself: a stable code, one sentence why, and the command that goes on. */
export type Refusal = { readonly code: string; readonly why: string; readonly next: string };

export type Refused = { readonly ok: false; readonly refusal: Refusal };
export type Result<T> = { readonly ok: true; readonly value: T } | Refused;

export const accept = <T>(value: T): Result<T> => ({ ok: true, value });

export const refuse = (code: string, why: string, next = "/enki help"): Refused => ({ ok: false, refusal: { code, why, next } });
