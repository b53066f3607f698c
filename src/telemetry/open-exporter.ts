import type { Millis } from "../core/domain/ids.ts";
import { encodeSpans } from "../core/telemetry/encode-spans.ts";
import { readTelemetrySettings, type TelemetrySettings } from "../core/telemetry/telemetry-settings.ts";
import type { SpanSink, TelemetrySpan } from "../core/telemetry/telemetry-span.ts";
import { postSpans } from "./post-spans.ts";

/** Sends spans in the background. */
export type SpanExporter = SpanSink & {
  /** Sends what is left, for at most the given time, and ends every request. Never rejects. */
  readonly close: (limitMs?: Millis) => Promise<void>;
};

export type ExporterHost = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Millis;
  /** Calls back once after `delay` milliseconds; returns a function that cancels the timer. */
  readonly after: (delay: Millis, call: () => void) => () => void;
  readonly random: () => number;
  readonly log: (line: string) => void;
};

const MAX_QUEUED_SPANS = 2_048;
const MAX_BATCH_SPANS = 512;
const FIRST_PAUSE_MS: Millis = 500;
const MAX_PAUSE_MS: Millis = 5_000;
/** The end of a process waits no longer than this for its last spans. */
const CLOSE_LIMIT_MS: Millis = 5_000;

type ExporterState = {
  readonly settings: TelemetrySettings;
  readonly host: ExporterHost;
  readonly queue: TelemetrySpan[];
  /** Spans that are still being derived. */
  readonly pending: Set<Promise<void>>;
  readonly ending: AbortController;
  running: Promise<void> | null;
  /** Whether a loss was reported since the last batch that arrived, so that one line reports the whole outage. */
  isOut: boolean;
};

/** Opens the exporter of an environment that turns telemetry on; null if the environment names no usable address. */
export const openExporter = (host: ExporterHost): SpanExporter | null => {
  const settings = readTelemetrySettings(host.env);
  if (typeof settings === "string") {
    host.log(settings);
    return null;
  }
  for (const note of settings.notes) host.log(note);
  const state: ExporterState = {
    settings,
    host,
    queue: [],
    pending: new Set(),
    ending: new AbortController(),
    running: null,
    isOut: false,
  };
  return {
    record: (spans) => {
      const adding = spans.then(
        (derived) => enqueue(state, derived),
        (error: unknown) =>
          host.log(`OpenTelemetry: spans could not be derived: ${error instanceof Error ? error.message : String(error)}`),
      );
      const tracked = adding.finally(() => state.pending.delete(tracked));
      state.pending.add(tracked);
    },
    close: async (limitMs = CLOSE_LIMIT_MS) => {
      const limit = wait(state, limitMs);
      await Promise.race([finish(state), limit.passed]);
      limit.cancel();
      state.ending.abort();
      // Every request ends at once, and its timers with it.
      await state.running;
    },
  };
};

const finish = async (state: ExporterState): Promise<void> => {
  while (state.pending.size > 0 || state.running !== null) await Promise.all([...state.pending, state.running]);
};

const enqueue = (state: ExporterState, spans: readonly TelemetrySpan[]): void => {
  if (state.ending.signal.aborted) return;
  const room = MAX_QUEUED_SPANS - state.queue.length;
  if (spans.length > room) reportOutage(state, "too many spans wait");
  state.queue.push(...spans.slice(0, room));
  if (state.queue.length > 0) state.running ??= drain(state);
};

const drain = async (state: ExporterState): Promise<void> => {
  while (state.queue.length > 0 && !state.ending.signal.aborted) await sendBatch(state, state.queue.splice(0, MAX_BATCH_SPANS));
  state.running = null;
};

/** Sends a batch, with retries within its time. A batch that does not arrive is dropped. */
const sendBatch = async (state: ExporterState, spans: readonly TelemetrySpan[]): Promise<void> => {
  const { settings, host } = state;
  const body = encodeSpans(spans, settings.resource);
  const end = host.now() + settings.timeoutMs;
  for (let attempt = 0; ; attempt += 1) {
    const answer = await postOnce(state, body, end - host.now());
    if (state.ending.signal.aborted) return;
    if (answer.kind === "taken") {
      state.isOut = false;
      return;
    }
    const pause = answer.kind === "later" ? choosePause(host, attempt, answer.retryAfter) : Infinity;
    if (host.now() + pause >= end) return reportOutage(state, answer.reason);
    const waiting = wait(state, pause);
    await waiting.passed;
    waiting.cancel();
  }
};

const postOnce = async (state: ExporterState, body: string, limitMs: Millis) => {
  const late = new AbortController();
  const cancel = state.host.after(Math.max(1, limitMs), () => late.abort());
  try {
    return await postSpans(state.settings, body, AbortSignal.any([late.signal, state.ending.signal]));
  } finally {
    cancel();
  }
};

/** A pause that doubles, with a fifth of it at random; longer if the collector asks for it. */
const choosePause = ({ now, random }: ExporterHost, attempt: number, retryAfter: string | null): Millis => {
  const own = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt) * (0.8 + random() * 0.4);
  const seconds = Number(retryAfter ?? "soon");
  const asked = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(retryAfter ?? "") - now();
  return Number.isFinite(asked) ? Math.max(own, asked) : own;
};

/** A pause that the end of the exporter ends. */
const wait = ({ host, ending: { signal } }: ExporterState, ms: Millis) => {
  let end = (): void => undefined;
  const passed = new Promise<void>((resolve) => (end = resolve));
  if (signal.aborted) end();
  else signal.addEventListener("abort", end, { once: true });
  const stop = host.after(ms, end);
  return {
    passed,
    cancel: (): void => {
      stop();
      signal.removeEventListener("abort", end);
    },
  };
};

/** One line for each outage. Neither the headers nor the path and query of the address are in it. */
const reportOutage = (state: ExporterState, reason: string): void => {
  if (!state.isOut)
    state.host.log(
      `OpenTelemetry: spans could not be sent to ${new URL(state.settings.url).origin}: ${reason}. The work goes on without them.`,
    );
  state.isOut = true;
};
