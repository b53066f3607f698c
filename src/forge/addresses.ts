import { type Forge, fullName, type Repository } from "./state.ts";

export type Json = Record<string, unknown>;

/** Times have whole seconds. */
export const time = (at: number): string => new Date(Math.floor(at / 1_000) * 1_000).toISOString().replace(".000Z", "Z");
export const timeOrNull = (at: number | null): string | null => (at === null ? null : time(at));

export const apiUrl = (forge: Forge): string => `${forge.url}/api/v3`;
export const repositoryUrl = (forge: Forge, repository: Repository): string => `${apiUrl(forge)}/repos/${fullName(repository)}`;
/** What a person's browser is sent to. */
export const pageUrl = (forge: Forge, repository: Repository): string => `${forge.url}/${fullName(repository)}`;

export const nodeId = (kind: string, id: number | string): string => Buffer.from(`${kind}:${id}`).toString("base64");

/** The same number for the same text: what has a name here has a number on GitHub. */
export const numberOf = (text: string): number =>
  Array.from(text).reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 1_000_000_007, 7);
