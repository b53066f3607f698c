import { addUsage, type AgentUsage, NO_USAGE } from "../../core/domain/agent-usage.ts";
import type { PermissionRecord } from "../../core/messages/transcript-text.ts";
import type { TimerStarter } from "../../storage/git/run-git.ts";
import { openLineBuffer } from "../line-buffer.ts";
import { playAcpSession } from "./acp-session.ts";
import type { SessionInput, SessionListener, SessionOutcome } from "./agent-session.ts";
import { openAgentWatch, type StopCause } from "./agent-watch.ts";
import { classifyFailure } from "./classify-failure.ts";
import { playHeadlessSession } from "./headless-session.ts";
import type { RenewalSource } from "./quota-renewal.ts";
import { type AgentUpdate, openMessageCollector } from "./message-collector.ts";
import { launchProcess, type LaunchOptions } from "./launch-process.ts";
import { type FirstEnding, type SessionEnd, toSessionEnd } from "./session-end.ts";
import { openSessionTurns, type SessionTurns, type TurnEndHandler } from "./session-turns.ts";

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
    /** Receives the end of each turn; absent for a single turn. */
    readonly onTurnEnd?: TurnEndHandler;
    /**
     * How a headless agent continues its session in another process, by the session's id and its usage so far; null if it may not. Absent
     * for an agent that cannot.
     */
    readonly continueWith?: (id: string, usage: AgentUsage) => Promise<Pick<LaunchOptions, "command" | "args" | "env"> | null>;
    /** Receives every message and tool call immediately, for the transcript. */
    readonly onUpdate: (update: AgentUpdate) => void;
    /** Receives every permission that the agent asked for, with the answer. */
    readonly onPermission?: (record: PermissionRecord) => void;
  };

export type AgentEnd = SessionEnd & {
  /** The agent's non-empty messages in order; the last one is its answer. */
  readonly messages: readonly string[];
  readonly usage: AgentUsage;
  /** The id of a session that a later attempt can continue; null without one. */
  readonly sessionId: string | null;
  readonly stderr: string;
};

/**
 * Runs one agent for one session and terminates its process group afterwards, also if what handles the end of a turn fails. Never rejects
 * because of the agent's behaviour.
 */
export const runAgent = async (run: AgentRun): Promise<AgentEnd> => {
  const messages = openMessageCollector();
  const limits = openLimits(run);
  const listener = createListener(run, { messages, watch: limits.watch });
  const turns = openSessionTurns({ onTurnEnd: run.onTurnEnd, messages, watch: limits.watch, stop: limits.handlerStop });
  const parts: ProcessParts = { listener, limits, turns, terminations: [] };
  const close = async (): Promise<void> => {
    limits.close();
    for (const terminate of parts.terminations) await terminate();
  };
  try {
    let played = await playProcess(run, parts);
    let stderr = "";
    for (let next = await findNextProcess(run, played, parts); next !== null; next = await findNextProcess(run, played, parts)) {
      stderr += played.stderr();
      played = await playProcess(next, parts);
    }
    await close();
    stderr += played.stderr();
    return {
      // A limit that passed during the last moments counts.
      ...toSessionEnd(limits.findStop() ?? played.first, run, stderr),
      messages: messages.messages(),
      usage: listener.total(),
      sessionId: listener.sessionId(),
      stderr,
    };
  } finally {
    await close();
  }
};

/** What ends a session from outside: its limits, and the runner. */
const openLimits = (run: AgentRun) => {
  const [abort, handlers] = [new AbortController(), new AbortController()];
  let cause: StopCause = { failure: { code: "timed-out" }, detail: "" };
  const watch = openAgentWatch({
    ...run,
    onStop: (found) => {
      cause = found;
      abort.abort();
      handlers.abort();
    },
    onLate: () => handlers.abort(),
  });
  const interrupt = (): void => watch.stop({ failure: { code: "interrupted" }, detail: "" });
  run.interrupt?.addEventListener("abort", interrupt);
  if (run.interrupt?.aborted) interrupt();
  return {
    watch,
    signal: abort.signal,
    /** Ends what handles the end of a turn. */
    handlerStop: handlers.signal,
    stopHandlers: (): void => handlers.abort(),
    stopped: new Promise<FirstEnding>((resolve) => abort.signal.addEventListener("abort", () => resolve({ stopped: cause }))),
    findStop: (): FirstEnding | null => (abort.signal.aborted ? { stopped: cause } : null),
    close: (): void => {
      watch.close();
      run.interrupt?.removeEventListener("abort", interrupt);
    },
  };
};

type ProcessParts = {
  readonly listener: ReturnType<typeof createListener>;
  readonly limits: ReturnType<typeof openLimits>;
  readonly turns: SessionTurns;
  /** Terminates each process that was started. */
  readonly terminations: (() => Promise<void>)[];
};

/** Plays a session until it ends, is lost or is stopped. Its process may still be there. */
const playProcess = async (run: AgentRun, { listener, limits, turns, terminations }: ProcessParts) => {
  const { command, args, env, cwd, relay, sandbox, after } = run;
  const { child, ended, stderr, terminate } = launchProcess({ command, args, env, cwd, relay, sandbox, after });
  let termination: Promise<void> | null = null;
  const terminateOnce = (): Promise<void> => (termination ??= terminate());
  terminations.push(terminateOnce);
  child.stderr.on("data", listener.readStderr);
  // The end of an agent kills what runs with its rights, so what is handled now has no outcome.
  child.once("exit", () => {
    if (turns.handled() !== null) limits.stopHandlers();
  });
  let isLost = false;
  const lost = new Promise<FirstEnding>((resolve) => {
    void ended.then((how) => {
      isLost = true;
      // An agent that exits after its turn has finished.
      if (turns.handled() === null) resolve({ lost: how });
    });
  });
  const endTurn = async (): Promise<string | null> => {
    const prompt = await turns.end();
    return isLost ? null : prompt;
  };
  const play = run.found?.protocol === "headless" ? playHeadlessSession : playAcpSession;
  const session = play(child, run, { ...listener, endTurn, signal: limits.signal }).catch((error: unknown): SessionOutcome => ({
    kind: "failed",
    why: error instanceof Error ? error.message : String(error),
    isAuth: false,
  }));
  const turn = session.then(async (outcome): Promise<FirstEnding> => {
    const handled = turns.handled();
    await handled;
    return { session: handled === null ? outcome : { kind: "finished" } };
  });
  const first = await awaitExitReason(await Promise.race([turn, lost, limits.stopped]), { lost, stopped: limits.stopped, after });
  await turns.handled();
  return { first, ended, stderr, terminate: terminateOnce };
};

/** The process that continues a session whose agent has ended its turn; null if the session is over. */
const findNextProcess = async (
  run: AgentRun,
  { first, ended, terminate }: Awaited<ReturnType<typeof playProcess>>,
  { listener, limits, turns }: ProcessParts,
): Promise<AgentRun | null> => {
  const id = listener.sessionId();
  const isFinished = "session" in first && first.session.kind === "finished";
  if (run.continueWith === undefined || run.onTurnEnd === undefined || id === null || !isFinished) return null;
  // The agent may still write its session.
  await awaitWithin(EXIT_WAIT_MS, run.after, ended);
  await terminate();
  const prompt = limits.findStop() === null ? await turns.end() : null;
  const launch = prompt === null ? null : await run.continueWith(id, listener.total());
  listener.continueSession();
  const { resume: _, ...next } = run;
  return prompt === null || launch === null ? null : { ...next, ...launch, prompt };
};

type ListenerParts = { readonly messages: ReturnType<typeof openMessageCollector>; readonly watch: ReturnType<typeof openAgentWatch> };

/** Updates that say nothing about the agent's progress. */
const QUIET_UPDATES: readonly AgentUpdate["sessionUpdate"][] = ["available_commands_update", "current_mode_update", "session_info_update"];

const createListener = (run: AgentRun, { messages, watch }: ListenerParts) => {
  let total = NO_USAGE;
  /** Over ACP, the cost is the sum of the session. */
  let sessionCost: number | null = null;
  let sessionId: string | null = null;
  let isContinuing = false;
  const stderrLines = openLineBuffer((lines) => {
    for (const line of lines) if (run.found?.preset.retryNotice?.test(line)) watch.retry(line);
  });
  const listener: Omit<SessionListener, "endTurn"> = {
    update: (update) => {
      if (!QUIET_UPDATES.includes(update.sessionUpdate)) watch.touch();
      if (update.sessionUpdate === "usage_update" && update.cost?.currency === "USD") sessionCost = update.cost.amount;
      messages.receive(update);
      run.onUpdate(update);
    },
    usage: (usage) => {
      total = addUsage(isContinuing ? withoutSessionTotals(total, run) : total, usage);
      isContinuing = false;
    },
    retry: watch.retry,
    session: (id) => void (sessionId = id),
    permission: (record) => run.onPermission?.(record),
    findCall: messages.call,
  };
  return {
    ...listener,
    readStderr: (chunk: Buffer): void => stderrLines.write(chunk.toString("utf8")),
    sessionId: (): string | null => sessionId,
    /** Another process continues the session. */
    continueSession: (): void => void (isContinuing = true),
    total: (): AgentUsage => ({ ...total, costUsd: sessionCost ?? total.costUsd }),
  };
};

/** A usage without the measures that the next report counts since the start of the session. */
const withoutSessionTotals = (usage: AgentUsage, { found }: Pick<AgentRun, "found">): AgentUsage => ({
  ...usage,
  ...(found?.preset.sessionTotals.tokens === true && { inputTokens: null, outputTokens: null, cachedTokens: null }),
  ...(found?.preset.sessionTotals.cost === true && { costUsd: null }),
});

/** Milliseconds to wait for the exit after a connection failure; longer than OUTPUT_FLUSH_MS. */
const EXIT_WAIT_MS = 3_000;

type ExitWait = { readonly lost: Promise<FirstEnding>; readonly stopped: Promise<FirstEnding>; readonly after: TimerStarter };

/** Waits for a promise; null if it takes longer. */
const awaitWithin = async <Value>(limitMs: number, after: TimerStarter, promise: Promise<Value>): Promise<Value | null> => {
  let cancel = (): void => undefined;
  const passed = new Promise<null>((resolve) => {
    cancel = after(limitMs, () => resolve(null));
  });
  const value = await Promise.race([promise, passed]);
  cancel();
  return value;
};

/** A dying agent loses its connection first, but its exit reason explains more. */
const awaitExitReason = async (first: FirstEnding, { lost, stopped, after }: ExitWait): Promise<FirstEnding> => {
  if (!("session" in first) || first.session.kind !== "failed" || classifyFailure(first.session.why) || first.session.isAuth) return first;
  return (await awaitWithin(EXIT_WAIT_MS, after, Promise.race([lost, stopped]))) ?? first;
};
