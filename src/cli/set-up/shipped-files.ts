import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { COORDINATOR_WORKFLOW_PATHS, type ShippedFiles, STEP_WORKFLOW_PATH } from "../../core/setup/plan-set-up.ts";

/** Reads the files of this installation for a set-up. The copy of the action is named `.mjs`, because no package.json lies beside it. */
export const readShippedFiles = async (root: string, isVendored: boolean): Promise<ShippedFiles> => {
  const read = (path: string): Promise<string> => readFile(join(root, path), "utf8");
  const stepWorkflow = await read(STEP_WORKFLOW_PATH);
  const coordinatorWorkflows = new Map<string, string>();
  for (const path of COORDINATOR_WORKFLOW_PATHS) coordinatorWorkflows.set(path, await read(path));
  if (!isVendored) return { stepWorkflow, coordinatorWorkflows, action: new Map() };
  const action = new Map([
    ["action.yml", (await read("action.yml")).replace("main: dist/action.js", "main: dist/action.mjs")],
    ["dist/action.mjs", await read("dist/action.js")],
    ["dist/action.licenses.txt", await read("dist/action.licenses.txt")],
  ]);
  for (const directory of ["roles", "workflows"])
    for (const name of (await readdir(join(root, directory))).toSorted())
      action.set(`${directory}/${name}`, await read(`${directory}/${name}`));
  return { stepWorkflow, coordinatorWorkflows, action };
};
