// A local GitHub for the App's pages with one existing repository: `<directory> <owner> <name>`. Ends with its parent process.
import { randomInt } from "node:crypto";
import process from "node:process";
import { startForge } from "../src/local-github/api/start-forge.ts";

const [directory = "", owner = "", name = ""] = process.argv.slice(2);
const forge = await startForge({
  directory,
  port: 0,
  now: () => new Date().getTime(),
  random: () => randomInt(2 ** 32) / 2 ** 32,
  after: (delay, call) => {
    const timer = globalThis.setTimeout(call, delay);
    return () => clearTimeout(timer);
  },
  runner: { start: () => undefined, cancel: () => undefined, close: () => Promise.resolve() },
});
await forge.createRepository({ owner, name, private: true });
const address = forge.signIn(forge.createUser(owner), "/");
process.stdout.write(`${JSON.stringify({ url: forge.url, apiUrl: forge.apiUrl, address })}\n`);
process.stdin.resume().once("end", () => process.exit(0));
