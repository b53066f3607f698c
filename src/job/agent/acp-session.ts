import { lstat, realpath } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { Readable, Writable } from "node:stream";
import {
  type AuthMethod,
  client,
  type ClientContext,
  type InitializeResponse,
  type LoadSessionRequest,
  methods,
  type NewSessionRequest,
  type NewSessionResponse,
  ndJsonStream,
  type PermissionOption,
  type PromptRequest,
  type PromptResponse,
  PROTOCOL_VERSION,
  RequestError,
  type RequestPermissionResponse,
} from "@agentclientprotocol/sdk";
import { NO_USAGE } from "../../core/domain/agent-usage.ts";
import type { SessionDriver, SessionInput, SessionListener, SessionOutcome } from "./agent-session.ts";
import type { PermissionRecord } from "../../core/messages/transcript-text.ts";
import { describeToolCall } from "./tool-call-reader.ts";
import { answerPermission, type RequestedCall } from "./answer-permission.ts";
import { listRecords, readNumber, readRecord, readText } from "./read-fields.ts";

/** Plays a session over the Agent Client Protocol. */
export const playAcpSession: SessionDriver = (child, input, listener) => {
  const stream = ndJsonStream(Writable.toWeb(child.stdin), Readable.toWeb(child.stdout) as ReadableStream<Uint8Array>);
  const muted = muteWhileLoading(listener);
  return createClientHandlers(input, muted)
    .connectWith(stream, (agent) => runSession(agent, input, muted))
    .catch((error: unknown) => toFailedOutcome(error));
};

type AcpListener = SessionListener & { readonly signal: AbortSignal; readonly mute: (isMuted: boolean) => void };

/** An agent repeats all messages of a session that it loads; they belong to the attempt before. */
const muteWhileLoading = (listener: SessionListener & { readonly signal: AbortSignal }): AcpListener => {
  let isMuted = false;
  return {
    ...listener,
    update: (update) => {
      if (!isMuted) listener.update(update);
    },
    mute: (now) => void (isMuted = now),
  };
};

const AUTH_REQUIRED_CODE = -32_000;

const toFailedOutcome = (error: unknown): SessionOutcome => ({
  kind: "failed",
  why: error instanceof Error ? error.message : String(error),
  isAuth: isAuthRequired(error),
});

const createClientHandlers = (input: SessionInput, listener: SessionListener) =>
  client({ name: "enki" })
    // Registered first because each handler runs a tick after the previous one: a request must not overtake its announcement.
    .onNotification(methods.client.session.update, ({ params }) => listener.update(params.update))
    .onRequest(methods.client.session.requestPermission, async ({ params }) => {
      const { toolCall, options } = params;
      // Some agents do not repeat in the request the fields that they announced.
      const requested = Object.entries(toolCall).filter(([, value]) => value !== undefined && value !== null);
      const call = { ...listener.findCall(toolCall.toolCallId), ...Object.fromEntries(requested) };
      const report = await findPlainReport(input);
      const answer = answerPermission({ call, options, isReport: (path) => resolve(input.cwd, path) === report }, input);
      listener.permission({ ...describeCall({ ...toolCall, ...call }), isAllowed: isAllowance(answer, options) });
      return answer;
    });

const describeCall = (call: RequestedCall & { readonly toolCallId: string }): Pick<PermissionRecord, "tool" | "target"> => {
  const { name, input } = describeToolCall(call);
  return { tool: name, target: input };
};

const isAllowance = ({ outcome }: RequestPermissionResponse, options: readonly PermissionOption[]): boolean =>
  outcome.outcome === "selected" && options.some(({ optionId, kind }) => optionId === outcome.optionId && kind.startsWith("allow"));

/** The report's path; null if a link in the path, or at its end, would redirect the write to another file. */
const findPlainReport = async ({ cwd, report }: SessionInput): Promise<string | null> => {
  if (report === null) return null;
  const wanted = resolve(cwd, report);
  const present = await lstat(wanted).catch(() => null);
  if (present !== null) return present.isFile() && (await realpath(wanted)) === wanted ? wanted : null;
  for (let at = dirname(wanted); at !== dirname(at); at = dirname(at)) {
    const real = await realpath(at).catch(() => null);
    if (real !== null) return real === at ? wanted : null;
  }
  return null;
};

const runSession = async (agent: ClientContext, input: SessionInput, listener: AcpListener): Promise<SessionOutcome> => {
  const { authMethods = [], agentCapabilities } = await agent.request<InitializeResponse, object>(methods.agent.initialize, {
    protocolVersion: PROTOCOL_VERSION,
    // Agent and client share the disk, and agents handle a missing file better themselves.
    clientCapabilities: {},
    clientInfo: { name: "enki", version: "1" },
  });
  const loading = findLoading(agentCapabilities);
  const { sessionId, modes, isResumed } = await openSession(agent, input, { authMethods, loading, listener });
  if (loading !== null) listener.session(sessionId);
  if (input.mode !== null && modes?.availableModes.some(({ id }) => id === input.mode) && modes.currentModeId !== input.mode)
    await agent.request(methods.agent.session.setMode, { sessionId, modeId: input.mode });
  listener.signal.addEventListener("abort", () => void agent.notify(methods.agent.session.cancel, { sessionId }).catch(() => undefined));
  return runTurns(agent, { sessionId, prompt: (isResumed && input.resume?.prompt) || input.prompt }, listener);
};

/** Runs prompt turns until no further prompt follows. */
const runTurns = async (agent: ClientContext, first: PromptTurn, listener: AcpListener): Promise<SessionOutcome> => {
  let turn = first;
  for (;;) {
    const outcome = await runPromptTurn(agent, turn, listener);
    const prompt = outcome.kind === "finished" ? await listener.endTurn() : null;
    if (prompt === null) return outcome;
    turn = { ...turn, prompt };
  }
};

type PromptTurn = { readonly sessionId: string; readonly prompt: string };

const runPromptTurn = async (agent: ClientContext, { sessionId, prompt }: PromptTurn, listener: AcpListener): Promise<SessionOutcome> => {
  const answer = await agent.request<PromptResponse, PromptRequest>(methods.agent.session.prompt, {
    sessionId,
    prompt: [{ type: "text", text: prompt }],
  });
  // Agents already report it; the protocol's stable version does not name it yet.
  const usage = readRecord("usage" in answer ? answer.usage : null);
  listener.usage({
    ...NO_USAGE,
    inputTokens: readNumber(usage["inputTokens"]),
    outputTokens: readNumber(usage["outputTokens"]),
    cachedTokens: readNumber(usage["cachedReadTokens"]),
  });
  const { stopReason } = answer;
  return stopReason === "end_turn" ? { kind: "finished" } : { kind: "stopped", why: stopReason };
};

type SessionOpening = {
  readonly authMethods: readonly AuthMethod[];
  /** The method that continues a session; null if the agent has none. */
  readonly loading: typeof methods.agent.session.load | typeof methods.agent.session.resume | null;
  readonly listener: AcpListener;
};

type OpenedSession = Pick<NewSessionResponse, "sessionId" | "modes"> & { readonly isResumed: boolean };

/** The way to continue a session: without the repetition of its messages where the agent knows one. */
const findLoading = (capabilities: InitializeResponse["agentCapabilities"]): SessionOpening["loading"] => {
  if (capabilities?.sessionCapabilities?.resume) return methods.agent.session.resume;
  return capabilities?.loadSession === true ? methods.agent.session.load : null;
};

/** Opens a session; authenticates first if the agent requires it. */
const openSession = async (agent: ClientContext, input: SessionInput, opening: SessionOpening): Promise<OpenedSession> => {
  const open = async (): Promise<OpenedSession> =>
    (await resumeSession(agent, input, opening)) ?? {
      ...(await agent.request<NewSessionResponse, NewSessionRequest>(methods.agent.session.new, toSessionRequest(input))),
      isResumed: false,
    };
  try {
    return await open();
  } catch (error) {
    const method = isAuthRequired(error) ? chooseAuthMethod(opening.authMethods, input) : null;
    if (method === null) throw error;
    await agent.request(methods.agent.authenticate, { methodId: method });
    return open();
  }
};

/** Continues the session of an earlier attempt; null if there is none, or if the agent no longer has it. */
const resumeSession = async (
  agent: ClientContext,
  input: SessionInput,
  { loading, listener }: SessionOpening,
): Promise<OpenedSession | null> => {
  if (input.resume === undefined || loading === null) return null;
  const { id: sessionId } = input.resume;
  listener.mute(true);
  try {
    const { modes } = await agent.request<Pick<NewSessionResponse, "modes">, LoadSessionRequest>(loading, {
      ...toSessionRequest(input),
      sessionId,
    });
    return { sessionId, modes: modes ?? null, isResumed: true };
  } catch (error) {
    if (!(error instanceof RequestError) || isAuthRequired(error)) throw error;
    return null;
  } finally {
    // The handlers of the repeated messages run before the next turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    listener.mute(false);
  }
};

const isAuthRequired = (error: unknown): boolean => error instanceof RequestError && error.code === AUTH_REQUIRED_CODE;

const toSessionRequest = (input: SessionInput): NewSessionRequest => ({
  cwd: input.cwd,
  mcpServers: toMcpServers(input),
  ...(Object.keys(input.meta).length > 0 && { _meta: { ...input.meta } }),
});

/** A method that takes its key from a variable that is set; null if no method works without a person. */
const chooseAuthMethod = (authMethods: readonly AuthMethod[], { env, found }: SessionInput): string | null => {
  const isSet = (name: string | null): boolean => name !== null && (env[name] ?? "") !== "";
  const byVariable = authMethods.find((method) => {
    const { type, vars, varName } = method as { type?: unknown; vars?: unknown; varName?: unknown };
    if (type !== "env_var") return false;
    return Array.isArray(vars) ? listRecords(vars).every(({ name }) => isSet(readText(name))) : isSet(readText(varName));
  });
  if (byVariable) return byVariable.id;
  const hasKey = found?.preset.keys.some((name) => isSet(name)) === true;
  return (hasKey && authMethods.find(({ id }) => /api.?key/i.test(id))?.id) || null;
};

const toMcpServers = ({ mcpServer }: SessionInput) =>
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
