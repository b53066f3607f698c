import { lstat, realpath } from "node:fs/promises";
import { dirname, isAbsolute, relative, resolve } from "node:path";
import { Readable, Writable } from "node:stream";
import {
  client,
  type ClientContext,
  methods,
  type NewSessionRequest,
  type NewSessionResponse,
  ndJsonStream,
  type PromptRequest,
  type PromptResponse,
  PROTOCOL_VERSION,
  RequestError,
  type ReadTextFileRequest,
  type SessionNotification,
  type StopReason,
  type WriteTextFileRequest,
} from "@agentclientprotocol/sdk";
import type { TimerStarter } from "../../storage/git/run-git.ts";
import { openMessageCollector } from "./message-collector.ts";
import { launchProcess, type LaunchOptions } from "./launch-process.ts";
import type { JobFence } from "../fence/job-fence.ts";
import { answerPermission, isKindAllowed, type AgentRights } from "./answer-permission.ts";

export type AgentRun = LaunchOptions &
  AgentRights & {
    readonly fence: JobFence;
    readonly prompt: string;
    /** The MCP server with Enki's tools, started by the agent in its working directory. */
    readonly mcpServer: {
      readonly command: string;
      readonly args: readonly string[];
      readonly env: Readonly<Record<string, string>>;
    } | null;
    /** `_meta` of `session/new`, for agents that read it. */
    readonly meta: Readonly<Record<string, unknown>>;
    /** A directory outside the workspace that the agent may also read; null for none. */
    readonly textsDirectory: string | null;
    /** Limit of the whole session. */
    readonly timeoutMs: number;
    readonly after: TimerStarter;
    /** Receives every message and tool call immediately, for the transcript. */
    readonly onUpdate: (update: SessionNotification["update"]) => void;
  };

export type AgentEnd = {
  readonly end: "finished" | "refused" | "timed-out" | "crashed";
  readonly reason: string;
  /** The agent's non-empty messages in order; the last one is its answer. */
  readonly messages: readonly string[];
  readonly stderr: string;
};

/**
 * Runs one agent over ACP for one prompt turn and terminates its process group afterwards. Never rejects because of the agent's
 * behaviour.
 */
export const runAgent = async (run: AgentRun): Promise<AgentEnd> => {
  const { command, args, env, cwd, fence, after } = run;
  const { child, ended, stderr, terminate } = launchProcess({ command, args, env, cwd, fence, after });
  const messages = openMessageCollector();
  let late = false;
  const abort = new AbortController();
  const cancel = run.after(run.timeoutMs, () => {
    late = true;
    abort.abort();
  });
  const lost = ended.then((how) => ({ lost: how }));
  const stream = ndJsonStream(Writable.toWeb(child.stdin), Readable.toWeb(child.stdout) as ReadableStream<Uint8Array>);
  const turn = createClientHandlers(run, messages)
    .connectWith(stream, (agent) => runPromptTurn(agent, run, abort.signal))
    .then(
      (reason) => ({ reason }),
      (error: unknown) => ({ error: error instanceof Error ? error.message : String(error) }),
    );
  const stopped = new Promise<{ late: true }>((done) => abort.signal.addEventListener("abort", () => done({ late: true })));
  const first = await awaitExitReason(await Promise.race([turn, lost, stopped]), { lost, stopped, after: run.after });
  cancel();
  await terminate();
  return { ...toAgentEnd(late ? { late: true } : first, run.timeoutMs), messages: messages.messages(), stderr: stderr() };
};

/** How long to wait for the exit after a connection failure, in milliseconds; longer than OUTPUT_FLUSH_MS. */
const EXIT_WAIT_MS = 3_000;

/** A dying agent loses its connection first, but its exit reason explains more. */
const awaitExitReason = async (
  first: FirstEnding,
  { lost, stopped, after }: { lost: Promise<FirstEnding>; stopped: Promise<FirstEnding>; after: TimerStarter },
): Promise<FirstEnding> => {
  if (!("error" in first)) return first;
  let cancel = (): void => undefined;
  const alive = new Promise<FirstEnding>((resolve) => {
    cancel = after(EXIT_WAIT_MS, () => resolve(first));
  });
  const end = await Promise.race([lost, stopped, alive]);
  cancel();
  return end;
};

type FirstEnding = { readonly reason: StopReason } | { readonly error: string } | { readonly lost: string } | { readonly late: true };

const toAgentEnd = (first: FirstEnding, timeout: number): Pick<AgentEnd, "end" | "reason"> => {
  if ("late" in first) return { end: "timed-out", reason: `the agent was not done after ${Math.round(timeout / 1000)} s` };
  if ("lost" in first) return { end: "crashed", reason: `the agent ${first.lost}` };
  if ("error" in first) return { end: "crashed", reason: `the agent failed: ${first.error}` };
  if (first.reason === "end_turn") return { end: "finished", reason: "" };
  return { end: "refused", reason: `the agent stopped with ${first.reason}` };
};

const runPromptTurn = async (agent: ClientContext, run: AgentRun, signal: AbortSignal): Promise<StopReason> => {
  await agent.request(methods.agent.initialize, {
    protocolVersion: PROTOCOL_VERSION,
    clientCapabilities: { fs: { readTextFile: true, writeTextFile: isKindAllowed("edit", run) || run.report !== null } },
    clientInfo: { name: "enki", version: "1" },
  });
  const { sessionId } = await agent.request<NewSessionResponse, NewSessionRequest>(methods.agent.session.new, {
    cwd: run.cwd,
    mcpServers: toMcpServers(run),
    ...(Object.keys(run.meta).length > 0 && { _meta: { ...run.meta } }),
  });
  signal.addEventListener("abort", () => void agent.notify(methods.agent.session.cancel, { sessionId }).catch(() => undefined));
  const { stopReason } = await agent.request<PromptResponse, PromptRequest>(methods.agent.session.prompt, {
    sessionId,
    prompt: [{ type: "text", text: run.prompt }],
  });
  return stopReason;
};

const toMcpServers = ({ mcpServer }: AgentRun) =>
  mcpServer === null
    ? []
    : [
        {
          name: "enki",
          command: mcpServer.command,
          args: [...mcpServer.args],
          env: Object.entries(mcpServer.env).map(([name, value]) => ({ name, value })),
        },
      ];

const createClientHandlers = (run: AgentRun, messages: ReturnType<typeof openMessageCollector>) =>
  client({ name: "enki" })
    // Registered first because each handler runs a tick after the previous one: a request must not overtake its announcement.
    .onNotification(methods.client.session.update, ({ params }) => {
      messages.receive(params.update);
      run.onUpdate(params.update);
    })
    .onRequest(methods.client.session.requestPermission, ({ params }) => {
      const { toolCall, options } = params;
      // Some agents do not repeat in the request the fields that they announced.
      const requested = Object.entries(toolCall).filter(([, value]) => value !== undefined && value !== null);
      const call = { ...messages.call(toolCall.toolCallId), ...Object.fromEntries(requested) };
      return answerPermission({ call, options, isReport: (path) => isReportPath(run, path) }, run);
    })
    .onRequest(methods.client.fs.readTextFile, ({ params }) => readFileLines(run, params))
    .onRequest(methods.client.fs.writeTextFile, async ({ params }) => {
      await writeFileText(run, params);
      return {};
    });

const isReportPath = ({ cwd, report }: AgentRun, path: string): boolean => report !== null && resolve(cwd, path) === resolve(cwd, report);

/** The SDK passes this reason to the agent; any other error becomes "Internal error". */
const createRefusalError = (why: string): RequestError => new RequestError(-32602, why);

const readFileLines = async (run: AgentRun, { path, line, limit }: ReadTextFileRequest): Promise<{ content: string }> => {
  const file = await resolveInside([run.cwd, ...(run.textsDirectory === null ? [] : [run.textsDirectory])], resolve(run.cwd, path));
  // Agents check whether a file exists before they create it.
  if ((await lstat(file).catch(() => null)) === null) throw RequestError.resourceNotFound(path);
  const text = (await run.fence.readFile(file)).toString("utf8");
  const from = Math.max(0, (line ?? 1) - 1);
  return {
    content: text
      .split("\n")
      .slice(from, limit === null || limit === undefined ? undefined : from + limit)
      .join("\n"),
  };
};

const writeFileText = async (run: AgentRun, { path, content }: WriteTextFileRequest): Promise<void> => {
  const reports = isReportPath(run, path);
  if (!reports && !isKindAllowed("edit", run)) throw createRefusalError("this step may not change files");
  const file = await resolveInside(
    reports && run.textsDirectory !== null ? [run.cwd, run.textsDirectory] : [run.cwd],
    resolve(run.cwd, path),
  );
  if (reports && !(await isRealReportPath(run, file))) throw createRefusalError(`${path} is not a plain file, or is behind a link`);
  await run.fence.writeFile(file, content);
};

/** Whether this is really the report's path: a link in the path, or at its end, would redirect the write to another file. */
const isRealReportPath = async ({ cwd, textsDirectory, report }: AgentRun, file: string): Promise<boolean> => {
  const wanted = resolve(cwd, report ?? "");
  const roots = [cwd, ...(textsDirectory === null ? [] : [textsDirectory])].filter((root) => wanted.startsWith(`${resolve(root)}/`));
  const places = await Promise.all(roots.map(async (root) => resolve(await realpath(root), relative(resolve(root), wanted))));
  const there = await lstat(file).catch(() => null);
  return places.includes(file) && (there === null || there.isFile());
};

/** Resolves links and returns the real path inside one of these directories; throws if it is outside all of them. */
const resolveInside = async (roots: readonly string[], path: string): Promise<string> => {
  for (const root of roots) {
    const inside = await resolveInRoot(root, path);
    if (inside !== null) return inside;
  }
  throw createRefusalError(`${path} is outside of the workspace`);
};

const resolveInRoot = async (directory: string, path: string): Promise<string | null> => {
  const root = await realpath(directory).catch(() => null);
  if (root === null) return null;
  let parent = path;
  for (;;) {
    const real = await realpath(parent).catch(() => null);
    if (real !== null) {
      const full = resolve(real, relative(parent, path));
      const inside = relative(root, full);
      // A write would follow a link whose target does not exist.
      const dangling = parent !== path && (await lstat(full).catch(() => null))?.isSymbolicLink() === true;
      return dangling || inside.startsWith("..") || isAbsolute(inside) ? null : full;
    }
    parent = dirname(parent);
  }
};
