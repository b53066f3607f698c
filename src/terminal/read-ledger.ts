import { readBlobs } from "../git/objects.ts";
import { runGit, type Running } from "../git/run.ts";
import { listTree } from "../git/tree.ts";
import { readLedger } from "../ledger/layout.ts";
import type { Execution } from "../model/execution.ts";
import type { Ledger } from "../model/ledger.ts";
import type { Plan } from "../model/plan.ts";
import { ARCHIVE, LEDGER } from "../model/refs.ts";
import { CannotError } from "./options.ts";
import type { Terminal } from "./terminal.ts";

/** The files of a commit that a ref names; null where there is no such ref. */
const filesOf = async (at: Running, ref: string, wanted: (path: string) => boolean): Promise<Map<string, Buffer> | null> => {
  const head = await runGit(at, ["rev-parse", "--verify", "-q", ref]);
  if (head.code !== 0) return null;
  const entries = [...(await listTree(at, head.stdout.toString("utf8").trim()))].filter(([path]) => wanted(path));
  const blobs = await readBlobs(at, [...new Set(entries.map(([, { sha }]) => sha))]);
  return new Map(entries.map(([path, { sha }]) => [path, blobs.get(sha) ?? Buffer.alloc(0)]));
};

/** Ledgers of executions that ran on this machine, each below this by the execution's id. */
export const RUNS = "refs/enki/runs/";

/** The ledger of the repository in the working directory, or another that is kept there; null where it has none. */
export const readOwnLedger = async ({ cwd, after }: Pick<Terminal, "cwd" | "after">, ref = LEDGER): Promise<Ledger | null> => {
  const files = await filesOf({ directory: cwd, after }, ref, () => true);
  if (!files) return null;
  const read = readLedger(files);
  if (!read.ok) throw new CannotError(read.refusal.why);
  return read.value;
};

/** The ledgers that `enki run` left. */
export const readRuns = async ({ cwd, after }: Terminal): Promise<Ledger[]> => {
  const listed = await runGit({ directory: cwd, after }, ["for-each-ref", "--format=%(refname)", RUNS]);
  const refs = listed.stdout
    .toString("utf8")
    .split("\n")
    .filter((ref) => ref !== "");
  return (await Promise.all(refs.map((ref) => readOwnLedger({ cwd, after }, ref)))).flatMap((ledger) => ledger ?? []);
};

export type Archived = { readonly execution: Execution; readonly plan: Plan | null };

/** A finished execution that the ledger no longer holds, by its id; null where the archive has none of that id. */
export const readArchived = async ({ cwd, after }: Terminal, id: string): Promise<Archived | null> => {
  const files = await filesOf({ directory: cwd, after }, ARCHIVE, (path) => path.split("/")[1] === id && path.endsWith(".json"));
  const find = (name: RegExp): unknown => {
    const [content] = [...(files ?? [])].flatMap(([path, content]) => (name.test(path) ? [content] : []));
    return content ? JSON.parse(content.toString("utf8")) : null;
  };
  // Written by the ledger, in its own form.
  const execution = find(/\/state\.json$/) as Execution | null;
  return execution && { execution, plan: find(/\/plan-[0-9a-f]+\.json$/) as Plan | null };
};
