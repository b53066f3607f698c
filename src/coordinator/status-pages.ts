import { SECOND_MS } from "../core/domain/durations.ts";
/** Answers for the monitors of a service. */
export type StatusPages = {
  /** The answer for a path; null without a page. */
  readonly answer: (path: string) => { readonly status: number; readonly text: string } | null;
  /** Counts a webhook by the status of its answer. */
  readonly countWebhook: (status: number) => void;
};

export type StatusFacts = {
  /** Whether the repositories of an earlier process are resumed. */
  readonly isReady: () => boolean;
  readonly startedAt: number;
  readonly now: () => number;
};

/** `/health` while the process answers, `/ready` once it has resumed its repositories, `/metrics` for Prometheus. No page names a repository. */
export const createStatusPages = ({ isReady, startedAt, now }: StatusFacts): StatusPages => {
  const webhooks = new Map<number, number>();
  const renderMetrics = (): string =>
    [
      "# HELP enki_uptime_seconds Time since the start.",
      "# TYPE enki_uptime_seconds gauge",
      `enki_uptime_seconds ${(now() - startedAt) / SECOND_MS}`,
      "# HELP enki_webhooks_total Requests to the webhook's address, by the status of the answer.",
      "# TYPE enki_webhooks_total counter",
      ...[...webhooks].map(([status, count]) => `enki_webhooks_total{status="${status}"} ${count}`),
    ].join("\n");
  return {
    countWebhook: (status) => void webhooks.set(status, (webhooks.get(status) ?? 0) + 1),
    answer: (path) => {
      switch (path) {
        case "/health":
          return { status: 200, text: "ok" };
        case "/ready":
          return isReady() ? { status: 200, text: "ready" } : { status: 503, text: "repositories are being resumed" };
        case "/metrics":
          return { status: 200, text: renderMetrics() };
        default:
          return null;
      }
    },
  };
};
