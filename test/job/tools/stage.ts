import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { serveTools } from "../../../src/job/tools/serve-tools.ts";
import type { ToolContext } from "../../../src/job/tools/mcp-tool.ts";
import { createFileEditor } from "../../../src/job/tools/file-editor.ts";
import { CLI } from "../../support/cli.ts";
import { openToolBox } from "../../support/tools.ts";

/** Connects the SDK's client to Enki's MCP server, in a process of its own as for an agent. */
export const connectStdio = async (args: readonly string[], over: { cwd: string; env?: Record<string, string> }) => {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [CLI, "mcp", ...args],
    cwd: over.cwd,
    env: over.env ?? {},
    stderr: "ignore",
  });
  const client = new Client({ name: "test", version: "1" });
  await client.connect(transport);
  return {
    close: () => client.close(),
    list: async (): Promise<string[]> => (await client.listTools()).tools.map(({ name }) => name),
    tools: async () => (await client.listTools()).tools,
    call: async (name: string, input: Record<string, unknown> = {}): Promise<{ text: string; isError: boolean }> => {
      const { content, isError } = await client.callTool({ name, arguments: input });
      return { text: (content as { text: string }[]).map(({ text }) => text).join("\n"), isError: isError === true };
    },
  };
};

/** Opens a job that serves its tools, with a workspace; `connect` starts a relay to the job. */
export const openJob = async (over: Partial<ToolContext> = {}, directory = "") => {
  const root = mkdtempSync(join(tmpdir(), "enki-mcp-"));
  const socket = join(root, directory, "tools.sock");
  mkdirSync(join(root, directory), { recursive: true });
  const { context, recorded } = openToolBox({ editFile: createFileEditor(root), ...over });
  const served = await serveTools({ context, socket });
  const open: { close(): Promise<void> }[] = [];
  return {
    root,
    socket,
    recorded,
    served,
    connect: async (...args: string[]) => {
      const client = await connectStdio(args.length > 0 ? args : ["--role", "worker", "--task", "abc123-x"], {
        cwd: root,
        env: { ENKI_SOCKET: socket },
      });
      open.push(client);
      return client;
    },
    close: async () => {
      for (const client of open) await client.close();
      await served.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
};

/** Runs `enki mcp` to its end with exactly this input. */
export const pipe = (input: string, over: { env?: Record<string, string>; args?: string[]; hangUp?: boolean; cwd?: string } = {}) => {
  const args = over.args ?? ["--role", "worker", "--task", "abc123-x"];
  const child = spawn(process.execPath, [CLI, "mcp", ...args], {
    cwd: over.cwd,
    env: { PATH: process.env["PATH"], ...over.env },
    stdio: "pipe",
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => void (out += chunk.toString("utf8")));
  child.stderr.on("data", (chunk: Buffer) => void (err += chunk.toString("utf8")));
  child.stdin.on("error", () => undefined);
  child.stdin.write(input);
  if (over.hangUp !== false) child.stdin.end();
  const ended = new Promise<{
    code: number | null;
    err: string;
    answers: { id?: number; error?: { message: string }; result?: unknown }[];
  }>((resolve) =>
    child.on("close", (code) =>
      resolve({
        code,
        err,
        answers: out
          .split("\n")
          .filter((line) => line !== "")
          .map((line) => JSON.parse(line) as object),
      }),
    ),
  );
  return { ended, heard: () => new Promise<void>((resolve) => child.stdout.once("data", () => resolve())) };
};

export const request = (id: number, name: string, args: Record<string, unknown> = {}): string =>
  `${JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: args } })}\n`;
