import { accept, refuse, type Result } from "../domain/refusal.ts";
import { suggestName } from "./suggest-name.ts";

/** Where workflows are looked for, and the files that are there: by name, without `.md`. */
export type WorkflowLayer = { readonly directory: string; readonly files: ReadonlyMap<string, string> };

export type WorkflowFile = { readonly name: string; readonly path: string; readonly text: string };

/** The workflow of a name from the layers of the cascade; of two the later wins. Refusal `unknown-workflow`, with the places that were looked at. */
export const findWorkflow = (name: string, layers: readonly WorkflowLayer[]): Result<WorkflowFile> => {
  for (const { directory, files } of [...layers].reverse()) {
    const text = files.get(name);
    if (text !== undefined) return accept({ name, path: `${directory}/${name}.md`, text });
  }
  const places = layers.map(({ directory }) => `${directory}/${name}.md`).join(", ");
  const names = [...new Set(layers.flatMap(({ files }) => [...files.keys()]))].sort();
  return refuse("unknown-workflow", `there is no workflow "${name}": looked for ${places}`, suggestName(name, names));
};
