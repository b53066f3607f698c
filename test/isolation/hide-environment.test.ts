import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { hideEnvironment, isEnvironmentReadable } from "../../src/isolation/hide-environment.ts";

const ACTION = fileURLToPath(new URL("../../dist/action.js", import.meta.url));
const isLinux = process.platform === "linux";

describe("a process that holds tokens", () => {
  test.runIf(isLinux)("hides its initial environment and keeps the variables", async () => {
    const directory = mkdtempSync(join(tmpdir(), "enki-hide-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const socket = join(directory, "tools.sock");
    const server = createServer();
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    const env = {
      ENKI_SOCKET: socket,
      ACTIONS_RUNTIME_TOKEN: "the-secret-of-this-process",
      EMPTY: "",
      "INPUT_MODEL-KEY": "another-secret",
    };
    const child = spawn(process.execPath, [ACTION, "mcp"], { env, stdio: ["pipe", "ignore", "inherit"] });
    // Only the environment says where the socket is.
    await once(server, "connection");
    const environ = ["environ", `task/${child.pid}/environ`].map((name) => readFileSync(`/proc/${child.pid}/${name}`, "utf8"));
    const words = readFileSync(`/proc/${child.pid}/cmdline`, "utf8");
    child.kill("SIGKILL");
    await once(child, "exit");
    for (const text of environ) expect(text.replaceAll("\0", "")).toBe("");
    expect(words).toBe([process.execPath, ACTION, "mcp", ""].join("\0"));
  });

  test.runIf(isLinux)("keeps each variable, and hiding twice changes nothing", () => {
    const before = { ...process.env };
    for (let times = 0; times < 2; times += 1) {
      hideEnvironment(process.env);
      expect(process.env).toEqual(before);
      expect(isEnvironmentReadable()).toBe(false);
    }
    expect(execFileSync(process.execPath, ["-p", "process.env.PATH"], { encoding: "utf8" }).trim()).toBe(before["PATH"]);
  });
});
