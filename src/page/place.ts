import { fullName, type Forge, type Repository } from "../forge/state.ts";

/** What a page is about: a repository of a forge. */
export type Place = { readonly forge: Forge; readonly repository: Repository };

/** A path below a repository's page; each segment is encoded, so that no name leads elsewhere. */
export const path = ({ repository }: Place, ...segments: readonly (string | number)[]): string =>
  ["", ...fullName(repository).split("/"), ...segments.map(String)].map((segment) => encodeURIComponent(segment)).join("/");
