import { createLocalRunner } from "../../src/local-github/actions/local-runner.ts";
import { after } from "../support/after.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const AGENT = new URL("../fixtures/agent.mjs", import.meta.url).pathname;

/** A runner that executes Enki's Actions workflow file as it is, each job in processes of its own. */
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

/** The configuration of an agent that carries out the acts, with the settings of the merge queue. */
export const toActingConfig = (acts: readonly object[], ...refinery: readonly string[]): string =>
  [
    "[agent]",
    `command = ${JSON.stringify(process.execPath)}`,
    `args = ${JSON.stringify([AGENT, ...acts.map((act) => JSON.stringify(act))])}`,
    "[refinery]",
    ...refinery,
  ].join("\n");
