import { refuseUnfoundWorkflow } from "../messages/refusals/workflows.ts";
import { accept, type Result } from "../domain/refusal.ts";
import { suggestName } from "./suggest-name.ts";

/** A directory with workflow files, by name without `.md`. */
export type WorkflowLayer = { readonly directory: string; readonly files: ReadonlyMap<string, string> };

export type WorkflowFile = { readonly name: string; readonly path: string; readonly text: string };

/** Finds a workflow by name; the last layer with the file wins. Refuses with `unknown-workflow` and the searched paths. */
export const findWorkflow = (name: string, layers: readonly WorkflowLayer[]): Result<WorkflowFile> => {
  for (const { directory, files } of [...layers].reverse()) {
    const text = files.get(name);
    if (text !== undefined) return accept({ name, path: `${directory}/${name}.md`, text });
  }
  const places = layers.map(({ directory }) => `${directory}/${name}.md`).join(", ");
  const names = [...new Set(layers.flatMap(({ files }) => [...files.keys()]))].sort();
  return refuseUnfoundWorkflow(name, places, suggestName(name, names));
};
