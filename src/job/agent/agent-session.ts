import type { ChildProcessWithoutNullStreams } from "node:child_process";
import type { AgentUsage } from "../../core/domain/agent-usage.ts";
import type { PermissionRecord } from "../../core/messages/transcript-text.ts";
import type { AgentRights } from "./answer-permission.ts";
import type { CommandSource } from "../../core/domain/agent-command.ts";
import type { FoundPreset } from "./find-preset.ts";
import type { KnownToolCall, AgentUpdate } from "./message-collector.ts";
import type { AgentLaunch, McpServerCommand } from "./agent-preset.ts";

/** The input of a prompt turn, for an agent of any protocol. */
export type SessionInput = AgentRights & {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly prompt: string;
  readonly found: FoundPreset | null;
  /** The place of the command's setting; absent for the preset's own command. */
  readonly source?: CommandSource | undefined;
  readonly mcpServer: McpServerCommand | null;
  readonly meta: AgentLaunch["meta"];
  readonly mode: AgentLaunch["mode"];
  /** The session to continue, with the prompt for it; absent for a new session. */
  readonly resume?: { readonly id: string; readonly prompt: string };
};

/** Receives what a session reports. */
export type SessionListener = {
  readonly update: (update: AgentUpdate) => void;
  readonly usage: (usage: AgentUsage) => void;
  readonly retry: (detail: string) => void;
  readonly permission: (record: PermissionRecord) => void;
  /** Receives the id of a session that a later attempt can continue. */
  readonly session: (id: string) => void;
  /** Receives the end of a turn; returns a further prompt for the session, or null to end it. */
  readonly endTurn: () => Promise<string | null>;
  /** The fields of a tool call that the agent announced. */
  readonly findCall: (callId: string) => KnownToolCall;
};

export type SessionOutcome =
  | { readonly kind: "finished" }
  /** The model stopped early, for example at a limit of tokens. */
  | { readonly kind: "stopped"; readonly why: string }
  | { readonly kind: "failed"; readonly why: string; readonly isAuth: boolean };

/** Plays a session with a started agent: one prompt turn, and further ones if the protocol can. May reject if the connection is lost. */
export type SessionDriver = (
  child: ChildProcessWithoutNullStreams,
  input: SessionInput,
  listener: SessionListener & { readonly signal: AbortSignal },
) => Promise<SessionOutcome>;
