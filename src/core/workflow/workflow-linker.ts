import { hashValue } from "../domain/ids.ts";
import type { Result } from "../domain/refusal.ts";
import { linkWorkflow, type LinkedWorkflow, type WorkflowFiles } from "./link-workflow.ts";

/** Links workflows, as {@link linkWorkflow} does. */
export type WorkflowLinker = (files: WorkflowFiles) => Result<LinkedWorkflow>;

const MAX_REMEMBERED_WORKFLOWS = 50;

/** A linker that remembers recent workflows, since decisions link the same files again and again. Equal files always result in the same workflow. */
export const createWorkflowLinker = (): WorkflowLinker => {
  const byHash = new Map<string, Result<LinkedWorkflow>>();
  /** By the record of texts, which a run passes on unchanged: hashing the texts of a large workflow takes longer than advancing it. */
  const byFiles = new WeakMap<WorkflowFiles["files"], WorkflowFiles & { readonly linked: Result<LinkedWorkflow> }>();
  const linkByHash = (files: WorkflowFiles): Result<LinkedWorkflow> => {
    const key = hashValue(files);
    const linked = byHash.get(key) ?? linkWorkflow(files);
    byHash.delete(key);
    byHash.set(key, linked);
    if (byHash.size > MAX_REMEMBERED_WORKFLOWS) for (const oldest of [...byHash.keys()].slice(0, 1)) byHash.delete(oldest);
    return linked;
  };
  // A caller may pass a whole workflow run: its progress changes with every result and is no part of the key.
  return ({ name, files, roles }) => {
    const last = byFiles.get(files);
    if (last?.name === name && last.roles === roles) return last.linked;
    const linked = linkByHash({ name, files, roles });
    byFiles.set(files, { name, files, roles, linked });
    return linked;
  };
};
