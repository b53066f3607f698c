import { createLocalRunner } from "../../src/local-github/actions/local-runner.ts";
import { after } from "../support/after.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const AGENT = new URL("../fixtures/agent.mjs", import.meta.url).pathname;

/** Creates a runner that executes Enki's real Actions workflow file, with separate processes for each job. */
export const createRealRunner =
  (options: { readonly namespaces?: boolean } = {}) =>
  (directory: string) =>
    createLocalRunner({
      directory,
      actionRoot: ROOT,
      node: process.execPath,
      env: process.env,
      clock: Date.now,
      timers: {
        sleep: (delay, signal) =>
          new Promise((resolve) => {
            const cancel = after(delay, resolve);
            signal.addEventListener("abort", () => {
              cancel();
              resolve();
            });
          }),
      },
      ...options,
    });

/** Returns the configuration of an agent with these acts, and the settings of the merge queue. */
export const toActingConfig = (acts: readonly object[], ...refinery: readonly string[]): string =>
  [
    "[agent]",
    `command = ${JSON.stringify(process.execPath)}`,
    `args = ${JSON.stringify([AGENT, ...acts.map((act) => JSON.stringify(act))])}`,
    "[refinery]",
    ...refinery,
  ].join("\n");
