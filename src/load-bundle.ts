import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { createBundleLoader, findCodeCache } from "./cli/bundle-loader.ts";
import { findHome } from "./cli/find-home.ts";
import { STORE_CODE_ARGUMENT } from "./job/store-code-argument.ts";

// Beside the bundles, `cli.js` and `foreign-step.js` only start this file. Without a cache of compiled code, most of the start of a command
// would be the work of V8's compiler. Node stores compiled code itself only from version 22 on.
const home = findHome(process);
const loader = createBundleLoader({ bundles: import.meta.dirname, cache: findCodeCache(home) });

const PROGRAM_MS = 20_000;

/** Jobs do not see the person's home, so their program stores its code here. */
const storeProgram = (): void => {
  spawnSync(process.execPath, [join(import.meta.dirname, "foreign-step.js"), STORE_CODE_ARGUMENT], {
    env: { HOME: home },
    stdio: "ignore",
    timeout: PROGRAM_MS,
  });
};

const save = (isCommand: boolean): void => {
  try {
    loader.save();
    if (isCommand && !loader.isStored("foreign-step")) storeProgram();
  } catch {
    // A home without space, or one that this user cannot write, or that others can.
  }
};

const loaded = new Map<string, unknown>();

/** The exports of a bundle, which runs once in a process unless it fails. */
export const load = (name: string): unknown => {
  if (loaded.has(name)) return loaded.get(name);
  // A command without the App ends before much of its bundle is compiled.
  const isCommand = name === "app" && loaded.has("cli");
  const isProgram = name === "foreign-step" && process.argv[2] === STORE_CODE_ARGUMENT;
  if (isCommand || isProgram) process.once("exit", () => save(isCommand));
  // The command line loads the App while it runs itself.
  loaded.set(name, undefined);
  try {
    const exported = loader.load(name);
    loaded.set(name, exported);
    return exported;
  } catch (error) {
    // The next call fails with the same reason, not with missing exports.
    loaded.delete(name);
    throw error;
  }
};
