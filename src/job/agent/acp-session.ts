import { lstat, realpath } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { Readable, Writable } from "node:stream";
import {
  type AuthMethod,
  client,
  type ClientContext,
  type InitializeResponse,
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

/** Plays one prompt turn over the Agent Client Protocol. */
export const playAcpSession: SessionDriver = (child, input, listener) => {
  const stream = ndJsonStream(Writable.toWeb(child.stdin), Readable.toWeb(child.stdout) as ReadableStream<Uint8Array>);
  return createClientHandlers(input, listener)
    .connectWith(stream, (agent) => runPromptTurn(agent, input, listener))
    .catch((error: unknown) => toFailedOutcome(error));
};

const AUTH_REQUIRED_CODE = -32_000;

const toFailedOutcome = (error: unknown): SessionOutcome => ({
  kind: "failed",
  why: error instanceof Error ? error.message : String(error),
  isAuth: error instanceof RequestError && error.code === AUTH_REQUIRED_CODE,
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

const runPromptTurn = async (
  agent: ClientContext,
  input: SessionInput,
  listener: SessionListener & { readonly signal: AbortSignal },
): Promise<SessionOutcome> => {
  const { authMethods = [] } = await agent.request<InitializeResponse, object>(methods.agent.initialize, {
    protocolVersion: PROTOCOL_VERSION,
    // Agent and client share the disk, and agents handle a missing file better themselves.
    clientCapabilities: {},
    clientInfo: { name: "enki", version: "1" },
  });
  const { sessionId, modes } = await openSession(agent, input, authMethods);
  if (input.mode !== null && modes?.availableModes.some(({ id }) => id === input.mode) && modes.currentModeId !== input.mode)
    await agent.request(methods.agent.session.setMode, { sessionId, modeId: input.mode });
  listener.signal.addEventListener("abort", () => void agent.notify(methods.agent.session.cancel, { sessionId }).catch(() => undefined));
  const answer = await agent.request<PromptResponse, PromptRequest>(methods.agent.session.prompt, {
    sessionId,
    prompt: [{ type: "text", text: input.prompt }],
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

/** Opens a session; authenticates first if the agent requires it. */
const openSession = async (agent: ClientContext, input: SessionInput, authMethods: readonly AuthMethod[]): Promise<NewSessionResponse> => {
  const open = (): Promise<NewSessionResponse> =>
    agent.request<NewSessionResponse, NewSessionRequest>(methods.agent.session.new, {
      cwd: input.cwd,
      mcpServers: toMcpServers(input),
      ...(Object.keys(input.meta).length > 0 && { _meta: { ...input.meta } }),
    });
  try {
    return await open();
  } catch (error) {
    const method = error instanceof RequestError && error.code === AUTH_REQUIRED_CODE ? chooseAuthMethod(authMethods, input) : null;
    if (method === null) throw error;
    await agent.request(methods.agent.authenticate, { methodId: method });
    return open();
  }
};

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
