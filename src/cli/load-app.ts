import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** Loads the App's bundle on demand, because only `enki app` needs Probot. */
export const loadApp = async (root: string): Promise<typeof import("../app.ts")> =>
  (await import(pathToFileURL(join(root, "dist", "app.js")).href)) as typeof import("../app.ts");
