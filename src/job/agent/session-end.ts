import { existsSync } from "node:fs";
import { isAbsolute } from "node:path";
import { type AgentFailure, isLastingFailure } from "../../core/domain/agent-failure.ts";
import { renderAgentFailure } from "../../core/messages/agent-failure.ts";
import { listHomeDirectories } from "../../isolation/home-directories.ts";
import { isInsideDirectory, SHARED_DIRECTORIES } from "../../isolation/mount-plan.ts";
import type { ForeignCommand } from "../sandbox/job-sandbox.ts";
import type { SessionInput, SessionOutcome } from "./agent-session.ts";
import type { AgentWatchOptions, StopCause } from "./agent-watch.ts";
import { classifyFailure, readFailureDetail } from "./classify-failure.ts";
import { type RenewalSource, withResetTime } from "./quota-renewal.ts";

/** The first ending of a session. */
export type FirstEnding = { readonly session: SessionOutcome } | { readonly lost: string } | { readonly stopped: StopCause };

/** How a session ended, for its caller. */
export type SessionEnd = {
  readonly end: "finished" | "refused" | "timed-out" | "crashed";
  readonly reason: string;
  /** Null if the agent finished, or stopped by itself. */
  readonly failure: AgentFailure | null;
};

type EndedRun = RenewalSource &
  Pick<SessionInput, "found" | "source"> &
  Pick<ForeignCommand, "command"> &
  Pick<AgentWatchOptions, "timeoutMs" | "idleMs">;

/** The end of a session by its first ending, and by what its agent wrote to stderr. */
export const toSessionEnd = (first: FirstEnding, run: EndedRun, stderr: string): SessionEnd => {
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
const toLostEnd = (run: EndedRun, how: string, stderr: string): SessionEnd => {
  if (MISSING_EXITS.test(how)) return toFailedEnd(run, { failure: { code: "agent-missing" }, detail: how });
  const found = run.found === null ? null : classifyFailure(stderr.slice(-CLASSIFIED_STDERR_CHARS));
  return toFailedEnd(run, { failure: found ?? { code: "agent-crashed" }, detail: how });
};

/** The directory of a missing program that jobs do not see as the machine's users do; null for all other programs. */
const findHidingDirectory = (command: string): string | null => {
  if (!isAbsolute(command) || existsSync(command)) return null;
  return [...SHARED_DIRECTORIES, ...listHomeDirectories(process.env)].find((directory) => isInsideDirectory(command, directory)) ?? null;
};

const toFailedEnd = (run: EndedRun, { failure: classified, detail }: StopCause): SessionEnd => {
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
    source: run.source,
    hiddenIn: findHidingDirectory(command),
    timeoutMs,
    idleMs,
  });
  if (isLastingFailure(failure)) return { end: "refused", reason, failure };
  return { end: failure.code === "idle" || failure.code === "timed-out" ? "timed-out" : "crashed", reason, failure };
};
