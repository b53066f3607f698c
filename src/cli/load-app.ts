import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** The App's own bundle: Probot is loaded where an App runs, and nowhere else. */
export const loadApp = async (root: string): Promise<typeof import("../app.ts")> =>
  (await import(pathToFileURL(join(root, "dist", "app.js")).href)) as typeof import("../app.ts");
