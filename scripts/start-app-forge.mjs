// Starts a local GitHub for the pages of `enki app`, with a private repository copied from a bare one.
import { spawn } from "node:child_process";
import { cpSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const SOURCE = fileURLToPath(new URL("app-forge.ts", import.meta.url));

/** Returns the addresses of the local GitHub, including one that signs the owner in, and the function that stops it. */
export const startAppForge = async (root, { bare, owner, name }) => {
  const directory = join(root, "app-forge");
  mkdirSync(join(directory, owner), { recursive: true });
  cpSync(bare, join(directory, owner, `${name}.git`), { recursive: true });
  const bundle = await rolldown({ input: SOURCE, platform: "node", external: [/^node:/], logLevel: "silent" });
  const { output } = await bundle.write({ dir: join(root, "app-forge-bundle"), format: "esm", entryFileNames: "forge.mjs" });
  await bundle.close();
  const file = join(root, "app-forge-bundle", output[0].fileName);
  const child = spawn(process.execPath, [file, directory, owner, name], { stdio: ["pipe", "pipe", "inherit"], cwd: dirname(file) });
  const addresses = await new Promise((resolve, reject) => {
    child.once("exit", () => reject(new Error("the GitHub of the App's pages ended")));
    child.stdout.once("data", (text) => resolve(JSON.parse(text)));
  });
  return { ...addresses, end: () => void child.removeAllListeners("exit").stdin.end() };
};
