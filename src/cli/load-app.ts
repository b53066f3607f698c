import { createRequire } from "node:module";
import { join } from "node:path";

/** Loads the App's bundle on demand, because only `enki app` needs Probot. */
export const loadApp = (root: string): typeof import("../app.ts") => {
  const { load } = createRequire(join(root, "dist", "cli.js"))("./load-bundle.cjs") as typeof import("../load-bundle.ts");
  return load("app") as typeof import("../app.ts");
};
