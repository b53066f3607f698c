import { type ForgeState } from "./forge-state.ts";
import { repositoryFullName, type ForgeRepository } from "./forge-repository.ts";

/** REST is below this path, as on GitHub Enterprise Server. */
export const API_PREFIX = "/api/v3";

export type ApiJson = Record<string, unknown>;

/** GitHub's times have whole seconds. */
export const formatTimestamp = (at: number): string => new Date(Math.floor(at / 1_000) * 1_000).toISOString().replace(".000Z", "Z");
export const formatOptionalTimestamp = (at: number | null): string | null => (at === null ? null : formatTimestamp(at));

export const apiUrl = (forge: ForgeState): string => `${forge.url}${API_PREFIX}`;
export const repositoryUrl = (forge: ForgeState, repository: ForgeRepository): string =>
  `${apiUrl(forge)}/repos/${repositoryFullName(repository)}`;
/** The address of a repository's page in a browser. */
export const pageUrl = (forge: ForgeState, repository: ForgeRepository): string => `${forge.url}/${repositoryFullName(repository)}`;

export const nodeId = (kind: string, id: number | string): string => Buffer.from(`${kind}:${id}`).toString("base64");

/** Derives a stable number from a text, for objects that GitHub numbers and this forge only names. */
export const hashToNumber = (text: string): number =>
  Array.from(text).reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 1_000_000_007, 7);
