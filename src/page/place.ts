import type { Memory } from "./markdown.ts";
import type { Refs } from "../forge/bare.ts";
import { fullName, type Forge, type Repository } from "../forge/state.ts";

/** What a page is about: a repository of a forge, with its refs as they were when it was asked for. */
export type Place = { readonly forge: Forge; readonly repository: Repository; readonly refs: Refs; readonly memory: Memory };

/** A path below a repository's page; each segment is encoded, so that no name leads elsewhere. */
export const path = ({ repository }: Pick<Place, "repository">, ...segments: readonly (string | number)[]): string =>
  ["", ...fullName(repository).split("/"), ...segments.map(String)].map((segment) => encodeURIComponent(segment)).join("/");

/** The repositories that anybody may see. */
export const publicOf = (forge: Forge): Repository[] => [...forge.repositories.values()].filter((repository) => !repository.private);
