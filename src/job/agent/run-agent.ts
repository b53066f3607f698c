import { type AgentFailure, isLastingFailure } from "../../core/domain/agent-failure.ts";
import { addUsage, type AgentUsage, NO_USAGE } from "../../core/domain/agent-usage.ts";
import { renderAgentFailure } from "../../core/messages/agent-failure.ts";
import type { PermissionRecord } from "../../core/messages/transcript-text.ts";
import type { TimerStarter } from "../../storage/git/run-git.ts";
import { openLineBuffer } from "../line-buffer.ts";
import { playAcpSession } from "./acp-session.ts";
import type { SessionInput, SessionListener, SessionOutcome } from "./agent-session.ts";
import { openAgentWatch, type StopCause } from "./agent-watch.ts";
import { classifyFailure, readFailureDetail } from "./classify-failure.ts";
import { playHeadlessSession } from "./headless-session.ts";
import { type RenewalSource, withResetTime } from "./quota-renewal.ts";
import { type AgentUpdate, openMessageCollector } from "./message-collector.ts";
import { launchProcess, type LaunchOptions } from "./launch-process.ts";

export type AgentRun = LaunchOptions &
  SessionInput &
  RenewalSource & {
    /** Limit of the whole session. */
    readonly timeoutMs: number;
    /** Limit of the time without an event. */
    readonly idleMs: number;
    readonly after: TimerStarter;
    /** Ends the session before its limits; its work is kept as after them. */
    readonly interrupt?: AbortSignal;
    /** Receives every message and tool call immediately, for the transcript. */
    readonly onUpdate: (update: AgentUpdate) => void;
    /** Receives every permission that the agent asked for, with the answer. */
    readonly onPermission?: (record: PermissionRecord) => void;
  };

export type AgentEnd = {
  readonly end: "finished" | "refused" | "timed-out" | "crashed";
  readonly reason: string;
  /** Null if the agent finished, or stopped by itself. */
  readonly failure: AgentFailure | null;
  /** The agent's non-empty messages in order; the last one is its answer. */
  readonly messages: readonly string[];
  readonly usage: AgentUsage;
  /** The id of a session that a later attempt can continue; null without one. */
  readonly sessionId: string | null;
  readonly stderr: string;
};

/** Runs one agent for one prompt turn and terminates its process group afterwards. Never rejects because of the agent's behaviour. */
export const runAgent = async (run: AgentRun): Promise<AgentEnd> => {
  const { command, args, env, cwd, relay, fence, after } = run;
  const { child, ended, stderr, terminate } = launchProcess({ command, args, env, cwd, relay, fence, after });
  const messages = openMessageCollector();
  const abort = new AbortController();
  const stopped = new Promise<FirstEnding>((resolve) => abort.signal.addEventListener("abort", () => resolve({ stopped: cause })));
  let cause: StopCause = { failure: { code: "timed-out" }, detail: "" };
  const watch = openAgentWatch({
    ...run,
    onStop: (found) => {
      cause = found;
      abort.abort();
    },
  });
  const interrupt = (): void => watch.stop({ failure: { code: "interrupted" }, detail: "" });
  run.interrupt?.addEventListener("abort", interrupt);
  if (run.interrupt?.aborted) interrupt();
  const listener = createListener(run, { messages, watch });
  child.stderr.on("data", listener.readStderr);
  const lost = ended.then((how): FirstEnding => ({ lost: how }));
  const play = run.found?.protocol === "headless" ? playHeadlessSession : playAcpSession;
  const turn = play(child, run, { ...listener, signal: abort.signal }).then(
    (session): FirstEnding => ({ session }),
    (error: unknown): FirstEnding => ({
      session: { kind: "failed", why: error instanceof Error ? error.message : String(error), isAuth: false },
    }),
  );
  const first = await awaitExitReason(await Promise.race([turn, lost, stopped]), { lost, stopped, after: run.after });
  watch.close();
  run.interrupt?.removeEventListener("abort", interrupt);
  await terminate();
  // A limit that passed during the last moments counts.
  const ending = abort.signal.aborted ? { stopped: cause } : first;
  return {
    ...toAgentEnd(ending, run, stderr()),
    messages: messages.messages(),
    usage: listener.total(),
    sessionId: listener.sessionId(),
    stderr: stderr(),
  };
};

type ListenerParts = { readonly messages: ReturnType<typeof openMessageCollector>; readonly watch: ReturnType<typeof openAgentWatch> };

/** Updates that say nothing about the agent's progress. */
const QUIET_UPDATES: readonly AgentUpdate["sessionUpdate"][] = ["available_commands_update", "current_mode_update", "session_info_update"];

const createListener = (run: AgentRun, { messages, watch }: ListenerParts) => {
  let total = NO_USAGE;
  /** Over ACP, the cost is the sum of the session. */
  let sessionCost: number | null = null;
  let sessionId: string | null = null;
  const stderrLines = openLineBuffer((lines) => {
    for (const line of lines) if (run.found?.preset.retryNotice?.test(line)) watch.retry(line);
  });
  const listener: SessionListener = {
    update: (update) => {
      if (!QUIET_UPDATES.includes(update.sessionUpdate)) watch.touch();
      if (update.sessionUpdate === "usage_update" && update.cost?.currency === "USD") sessionCost = update.cost.amount;
      messages.receive(update);
      run.onUpdate(update);
    },
    usage: (usage) => void (total = addUsage(total, usage)),
    retry: watch.retry,
    session: (id) => void (sessionId = id),
    permission: (record) => run.onPermission?.(record),
    findCall: messages.call,
  };
  return {
    ...listener,
    readStderr: (chunk: Buffer): void => stderrLines.write(chunk.toString("utf8")),
    sessionId: (): string | null => sessionId,
    total: (): AgentUsage => ({ ...total, costUsd: sessionCost ?? total.costUsd }),
  };
};

/** Milliseconds to wait for the exit after a connection failure; longer than OUTPUT_FLUSH_MS. */
const EXIT_WAIT_MS = 3_000;

type ExitWait = { readonly lost: Promise<FirstEnding>; readonly stopped: Promise<FirstEnding>; readonly after: TimerStarter };

/** A dying agent loses its connection first, but its exit reason explains more. */
const awaitExitReason = async (first: FirstEnding, { lost, stopped, after }: ExitWait): Promise<FirstEnding> => {
  if (!("session" in first) || first.session.kind !== "failed" || classifyFailure(first.session.why) || first.session.isAuth) return first;
  let cancel = (): void => undefined;
  const alive = new Promise<FirstEnding>((resolve) => {
    cancel = after(EXIT_WAIT_MS, () => resolve(first));
  });
  const end = await Promise.race([lost, stopped, alive]);
  cancel();
  return end;
};

type FirstEnding = { readonly session: SessionOutcome } | { readonly lost: string } | { readonly stopped: StopCause };

type EndedFields = Pick<AgentEnd, "end" | "reason" | "failure">;

const toAgentEnd = (first: FirstEnding, run: AgentRun, stderr: string): EndedFields => {
  if ("stopped" in first) return toFailedEnd(run, first.stopped);
  if ("lost" in first) return toLostEnd(run, first.lost, stderr);
  const { session } = first;
  if (session.kind === "finished") return { end: "finished", reason: "", failure: null };
  if (session.kind === "stopped") {
    const failure = session.why === "refusal" ? ({ code: "refused-by-policy" } as const) : null;
    return { end: "refused", reason: `the agent stopped with ${session.why}`, failure };
  }
  const found = session.isAuth ? ({ code: "auth" } as const) : classifyFailure(session.why);
  return toFailedEnd(run, { failure: found ?? { code: "agent-crashed" }, detail: found ? session.why : `failed: ${session.why}` });
};

/** The end of a process whose program is missing or not executable. */
const MISSING_EXITS = /ENOENT|EACCES|exited with 12[67]/;
const CLASSIFIED_STDERR_CHARS = 4_000;

/** An agent that exits without an answer explains itself on stderr, if at all. */
const toLostEnd = (run: AgentRun, how: string, stderr: string): EndedFields => {
  if (MISSING_EXITS.test(how)) return toFailedEnd(run, { failure: { code: "agent-missing" }, detail: how });
  const found = run.found === null ? null : classifyFailure(stderr.slice(-CLASSIFIED_STDERR_CHARS));
  return toFailedEnd(run, { failure: found ?? { code: "agent-crashed" }, detail: how });
};

const toFailedEnd = (run: AgentRun, { failure: classified, detail }: StopCause): EndedFields => {
  const { found, command, timeoutMs, idleMs } = run;
  const failure = withResetTime(classified, run);
  const { preset, program } = found ?? {};
  const reason = renderAgentFailure({
    failure,
    detail: failure.code === "agent-crashed" ? detail : readFailureDetail(detail),
    label: preset?.label ?? null,
    keys: preset?.keys ?? [],
    install: program ? `npm install -g ${program.package}@${program.version}` : null,
    command,
    timeoutMs,
    idleMs,
  });
  if (isLastingFailure(failure)) return { end: "refused", reason, failure };
  return { end: failure.code === "idle" || failure.code === "timed-out" ? "timed-out" : "crashed", reason, failure };
};
