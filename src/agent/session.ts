import { lstat, mkdir, readFile, realpath, writeFile } from "node:fs/promises";
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
  type SessionNotification,
  type StopReason,
} from "@agentclientprotocol/sdk";
import type { After } from "../git/run.ts";
import { endGroup, launch, type Launch } from "./process.ts";
import { answerPermission, mayDo, type Rights } from "./permission.ts";

export type AgentRun = Launch &
  Rights & {
    readonly prompt: string;
    /** Enki's tools, started by the agent in its working directory. */
    readonly mcpServer: {
      readonly command: string;
      readonly args: readonly string[];
      readonly env: Readonly<Record<string, string>>;
    } | null;
    /** What the agent itself is told at the beginning of its session; others do not look at it. */
    readonly meta: Readonly<Record<string, unknown>>;
    /** Milliseconds for the whole session. */
    readonly timeout: number;
    readonly after: After;
    /** Every message and tool call as it comes, for a transcript. */
    readonly onUpdate: (update: SessionNotification["update"]) => void;
  };

export type AgentEnd = {
  readonly end: "finished" | "refused" | "timed-out" | "crashed";
  readonly why: string;
  /** All text of the agent's own messages. */
  readonly text: string;
  readonly stderr: string;
};

/** Runs one agent over ACP to the end of one prompt turn, in a process group that is gone afterwards. Never rejects for what the agent does. */
export const runAgent = async (run: AgentRun): Promise<AgentEnd> => {
  const { child, ended, stderr } = launch(run);
  const texts: string[] = [];
  let late = false;
  const abort = new AbortController();
  const cancel = run.after(run.timeout, () => {
    late = true;
    abort.abort();
  });
  const lost = ended.then((how) => ({ lost: how }));
  const stream = ndJsonStream(Writable.toWeb(child.stdin), Readable.toWeb(child.stdout) as ReadableStream<Uint8Array>);
  const turn = handlers(run, texts)
    .connectWith(stream, (agent) => converse(agent, run, abort.signal))
    .then(
      (reason) => ({ reason }),
      (error: unknown) => ({ error: error instanceof Error ? error.message : String(error) }),
    );
  const stopped = new Promise<{ late: true }>((done) => abort.signal.addEventListener("abort", () => done({ late: true })));
  const first = await explain(await Promise.race([turn, lost, stopped]), { lost, stopped, after: run.after });
  cancel();
  await endGroup(child, ended, run.after);
  return { ...judge(late ? { late: true } : first, run.timeout), text: texts.join(""), stderr: stderr() };
};

/** How long a process may take to end after its connection failed, in milliseconds: longer than its last output may take. */
const ENDING = 3_000;

/** An agent that dies loses its connection first; how it died says more. */
const explain = async (
  first: First,
  { lost, stopped, after }: { lost: Promise<First>; stopped: Promise<First>; after: After },
): Promise<First> => {
  if (!("error" in first)) return first;
  let cancel = (): void => undefined;
  const alive = new Promise<First>((resolve) => {
    cancel = after(ENDING, () => resolve(first));
  });
  const end = await Promise.race([lost, stopped, alive]);
  cancel();
  return end;
};

type First = { readonly reason: StopReason } | { readonly error: string } | { readonly lost: string } | { readonly late: true };

const judge = (first: First, timeout: number): Pick<AgentEnd, "end" | "why"> => {
  if ("late" in first) return { end: "timed-out", why: `the agent was not done after ${Math.round(timeout / 1000)} s` };
  if ("lost" in first) return { end: "crashed", why: `the agent ${first.lost}` };
  if ("error" in first) return { end: "crashed", why: `the agent failed: ${first.error}` };
  if (first.reason === "end_turn") return { end: "finished", why: "" };
  return { end: "refused", why: `the agent stopped with ${first.reason}` };
};

const converse = async (agent: ClientContext, run: AgentRun, signal: AbortSignal): Promise<StopReason> => {
  await agent.request(methods.agent.initialize, {
    protocolVersion: PROTOCOL_VERSION,
    clientCapabilities: { fs: { readTextFile: true, writeTextFile: mayDo("edit", run) } },
    clientInfo: { name: "enki", version: "1" },
  });
  const { sessionId } = await agent.request<NewSessionResponse, NewSessionRequest>(methods.agent.session.new, {
    cwd: run.cwd,
    mcpServers: servers(run),
    ...(Object.keys(run.meta).length > 0 && { _meta: { ...run.meta } }),
  });
  signal.addEventListener("abort", () => void agent.notify(methods.agent.session.cancel, { sessionId }).catch(() => undefined));
  const { stopReason } = await agent.request<PromptResponse, PromptRequest>(methods.agent.session.prompt, {
    sessionId,
    prompt: [{ type: "text", text: run.prompt }],
  });
  return stopReason;
};

const servers = ({ mcpServer }: AgentRun) =>
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

const handlers = (run: AgentRun, texts: string[]) =>
  client({ name: "enki" })
    .onRequest(methods.client.session.requestPermission, ({ params }) => answerPermission(params.toolCall.kind, params.options, run))
    .onRequest(methods.client.fs.readTextFile, async ({ params }) => {
      const lines = (await readFile(await confine(run.cwd, params.path), "utf8")).split("\n");
      const from = Math.max(0, (params.line ?? 1) - 1);
      return {
        content: lines.slice(from, params.limit === null || params.limit === undefined ? undefined : from + params.limit).join("\n"),
      };
    })
    .onRequest(methods.client.fs.writeTextFile, async ({ params }) => {
      if (!mayDo("edit", run)) throw new Error("this step may not change files");
      const path = await confine(run.cwd, params.path);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, params.content);
      return {};
    })
    .onNotification(methods.client.session.update, ({ params }) => {
      const { update } = params;
      if (update.sessionUpdate === "agent_message_chunk" && update.content.type === "text") texts.push(update.content.text);
      run.onUpdate(update);
    });

/** A path inside the workspace, links resolved; throws for any other. */
const confine = async (cwd: string, path: string): Promise<string> => {
  const root = await realpath(cwd);
  const wanted = resolve(root, path);
  let parent = wanted;
  for (;;) {
    const real = await realpath(parent).catch(() => null);
    if (real !== null) {
      const full = resolve(real, relative(parent, wanted));
      const inside = relative(root, full);
      // A link whose target does not exist would be followed by the write.
      const dangling = parent !== wanted && (await lstat(full).catch(() => null))?.isSymbolicLink() === true;
      if (dangling || inside.startsWith("..") || isAbsolute(inside)) throw new Error(`${path} is outside of the workspace`);
      return full;
    }
    parent = dirname(parent);
  }
};
