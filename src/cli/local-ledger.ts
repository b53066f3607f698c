import { readBlobs } from "../storage/git/git-objects.ts";
import { type GitContext, runGit, runGitOrThrow } from "../storage/git/run-git.ts";
import { isSha } from "../core/domain/ids.ts";
import { listTree } from "../storage/git/git-tree.ts";
import { readRef } from "../storage/git/read-refs.ts";
import { parseArchivedExecution, readLedger } from "../storage/ledger/ledger-files.ts";
import type { Execution } from "../core/domain/execution.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import type { Plan } from "../core/domain/plan.ts";
import { ARCHIVE_REF, LEDGER_REF } from "../core/domain/refs.ts";
import { CommandError } from "./command-options.ts";
import type { TerminalHost } from "./terminal-host.ts";

/** Reads the full name of a ref from the files of a bare repository; git resolves the others. */
const resolveRef = async (at: GitContext, ref: string): Promise<string | null> => {
  if (at.objects) return readRef(at, ref);
  const found = await runGit(at, ["rev-parse", "--verify", "-q", ref]);
  return found.code === 0 ? found.stdout.toString("utf8").trim() : null;
};

/** The files of a ref's commit; null if the ref does not exist. */
const readRefFiles = async (at: GitContext, ref: string, wanted: (path: string) => boolean): Promise<Map<string, Buffer> | null> => {
  const head = isSha(ref) ? ref : await resolveRef(at, ref);
  if (head === null) return null;
  const entries = [...(await listTree(at, head))].filter(([path]) => wanted(path));
  const blobs = await readBlobs(at, [...new Set(entries.map(([, { sha }]) => sha))]);
  return new Map(entries.map(([path, { sha }]) => [path, blobs.get(sha) ?? Buffer.alloc(0)]));
};

/** Ref prefix of the ledgers kept by `enki run`, followed by the execution's id. */
export const RUN_LEDGERS_PREFIX = "refs/enki/runs/";

/** The ledger of the repository in the working directory, or a ledger kept in the directory; otherwise null. */
export const readLocalLedger = ({ cwd, after }: Pick<TerminalHost, "cwd" | "after">, ref = LEDGER_REF): Promise<Ledger | null> =>
  readLedgerOf({ directory: cwd, after }, ref);

/** The ledger of a ref or commit; null without a ledger. */
export const readLedgerOf = async (at: GitContext, ref: string): Promise<Ledger | null> => {
  const files = await readRefFiles(at, ref, () => true);
  if (!files) return null;
  const read = readLedger(files);
  if (!read.ok) throw new CommandError(read.refusal.message);
  return read.value;
};

export const listRunLedgerRefs = async ({ cwd, after }: TerminalHost): Promise<string[]> => {
  const listed = await runGit({ directory: cwd, after }, ["for-each-ref", "--format=%(refname)", RUN_LEDGERS_PREFIX]);
  return listed.stdout
    .toString("utf8")
    .split("\n")
    .filter((ref) => ref !== "");
};

/** Removes the ledger of a run that never started. */
export const removeRunLedger = async (at: GitContext, execution: string): Promise<void> =>
  void (await runGitOrThrow(at, ["update-ref", "-d", `${RUN_LEDGERS_PREFIX}${execution}`]));

export type ArchivedExecution = { readonly execution: Execution; readonly plan: Plan | null };

/** A finished execution from the archive; null if the archive does not contain the id. */
export const readArchivedExecution = async (at: GitContext, id: string): Promise<ArchivedExecution | null> => {
  const files = await readRefFiles(at, ARCHIVE_REF, (path) => path.split("/")[1] === id && path.endsWith(".json"));
  const find = (name: RegExp): string | null => {
    const [content] = [...(files ?? [])].flatMap(([path, content]) => (name.test(path) ? [content] : []));
    return content?.toString("utf8") ?? null;
  };
  const [state, plan] = [find(/\/state\.json$/), find(/\/plan-[0-9a-f]+\.json$/)];
  // The ledger wrote the plan in its own format.
  return state === null ? null : { execution: parseArchivedExecution(state), plan: plan === null ? null : (JSON.parse(plan) as Plan) };
};
