import { openBareRepository } from "../api/bare-repository.ts";
import { createEmptyRepository } from "../api/create-repository.ts";
import type { ForgeRepository } from "../api/forge-repository.ts";
import type { PageServer } from "./page-server.ts";

export type ClonedFacts = {
  readonly id: number;
  readonly owner: string;
  readonly name: string;
  readonly defaultBranch: string;
  /** A bare repository with the branches and the ledger. */
  readonly directory: string;
};

/** A repository with branches and a ledger, without issues and runs, for the pages. */
export const openClonedRepository = ({ now, after }: Pick<PageServer, "now" | "after">, facts: ClonedFacts): ForgeRepository =>
  createEmptyRepository({
    id: facts.id,
    owner: { id: facts.id, login: facts.owner, type: "User" },
    name: facts.name,
    private: false,
    defaultBranch: facts.defaultBranch,
    created: now(),
    bare: openBareRepository(facts.directory, after),
    workflowFiles: {},
  });
