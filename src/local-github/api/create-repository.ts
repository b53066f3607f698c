import { access } from "node:fs/promises";
import { join } from "node:path";
import { openBareRepository } from "./bare-repository.ts";
import { createBareRepository } from "./create-bare-repository.ts";
import { DEFAULT_MERGE_SETTINGS } from "./merge-methods.ts";
import { ensureAccount, type ForgeState, takeNextId } from "./forge-state.ts";
import { formatRepositoryKey, type ForgeRepository } from "./forge-repository.ts";

export type RepositoryName = { readonly owner: string; readonly name: string };
export type NewRepository = RepositoryName & {
  /** A repository whose branches and tags are copied. */
  readonly from?: string;
  readonly private?: boolean;
  /** The machine's own workflow files by path, in effect at every commit. */
  readonly workflowFiles?: Readonly<Record<string, string>>;
};

/** Creates a repository of the forge; an existing bare repository is reused. */
export const createRepository = async (forge: ForgeState, options: NewRepository): Promise<void> => {
  const { owner, name } = options;
  // On GitHub, `.github` is the only name that may start with a dot.
  if (![owner, name.replace(/^\.github$/, "github")].every((part) => /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(part)))
    throw new Error(`${owner}/${name} is not a valid repository name.`);
  if (forge.repositories.has(formatRepositoryKey(owner, name))) throw new Error(`The repository ${owner}/${name} already exists.`);
  const directory = join(forge.directory, owner, `${name}.git`);
  const known = await access(join(directory, "HEAD")).then(
    () => true,
    () => false,
  );
  const defaultBranch = await createBareRepository(directory, { from: known ? null : (options.from ?? null), after: forge.after });
  const repository = createEmptyRepository({
    id: takeNextId(forge),
    owner: ensureAccount(forge, owner),
    name,
    private: options.private ?? false,
    defaultBranch,
    created: forge.now(),
    bare: openBareRepository(directory, forge.after),
    workflowFiles: options.workflowFiles ?? {},
  });
  forge.repositories.set(formatRepositoryKey(owner, name), repository);
};

type RepositoryFacts = Pick<ForgeRepository, "id" | "owner" | "name" | "private" | "defaultBranch" | "created" | "bare" | "workflowFiles">;

/** A repository without issues, runs and settings. */
export const createEmptyRepository = (facts: RepositoryFacts): ForgeRepository => ({
  ...facts,
  pushedAt: facts.created,
  roles: new Map(),
  issues: new Map(),
  history: [],
  comments: new Map(),
  activities: [],
  statuses: new Map(),
  checks: [],
  runs: new Map(),
  rules: [],
  mergeSettings: { ...DEFAULT_MERGE_SETTINGS },
  mergeQueues: new Map(),
  signedCommits: new Set(),
  actionsEnabled: true,
  actionsPulls: true,
  secrets: {},
  environments: new Map(),
  variables: {},
  environmentVariables: new Map(),
  environmentBranches: new Map(),
  lastNumber: 0,
});
