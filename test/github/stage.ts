import nock from "nock";
import { afterEach, beforeEach, expect } from "vitest";
import { connectGitHub } from "../../src/github/connect-github.ts";

export const API = "https://api.github.com";
export const NOW = Date.parse("2026-11-20T12:00:00Z");
export const REPO = "/repos/octo/demo";

/** Activates nock for one test: other files of the same process make real requests, which an active nock reads differently. */
export const useNock = (): void => {
  beforeEach(() => {
    if (!nock.isActive()) nock.activate();
    nock.cleanAll();
  });
  afterEach(() => {
    nock.cleanAll();
    nock.enableNetConnect();
    nock.restore();
  });
};

/** Expects a request for every answer prepared by a test of this file. */
export const holdToPrepared = (): void => {
  useNock();
  afterEach(() => {
    const left = nock.pendingMocks();
    expect(left).toEqual([]);
  });
};

/** Opens a GitHub played by nock, and a clock that advances only when set. */
export const stage = () => {
  const clock = { now: NOW };
  nock.disableNetConnect();
  const github = connectGitHub({ auth: "secret", owner: "octo", repo: "demo", clock: () => clock.now });
  return { github, clock, api: nock(API) };
};

export const date = (at: number): Record<string, string> => ({ date: new Date(at).toUTCString() });

export const user = (login: string, type = "User") => ({ login, type });

export const rawComment = (id: number, given: { body?: string; by?: string; updated?: string; issue?: number } = {}) => ({
  id,
  issue_url: `${API}${REPO}/issues/${given.issue ?? 7}`,
  html_url: `https://github.com/octo/demo/issues/${given.issue ?? 7}#issuecomment-${id}`,
  user: user(given.by ?? "maintainer"),
  body: given.body ?? "hello",
  created_at: "2026-11-20T10:00:00Z",
  updated_at: given.updated ?? "2026-11-20T10:00:00Z",
});

export const rawPull = (number: number, given: { head?: string; state?: "open" | "closed"; merged?: boolean; from?: string } = {}) => ({
  number,
  state: given.state ?? "open",
  merged_at: given.merged === true ? "2026-11-20T11:00:00Z" : null,
  draft: false,
  labels: [{ name: "enki" }],
  created_at: "2026-01-01T00:00:00Z",
  updated_at: "2026-01-01T00:00:00Z",
  head: {
    ref: given.head ?? "task/abc123-one",
    sha: "a".repeat(40),
    repo: { full_name: `${given.from ?? "octo"}/demo` },
    user: user(given.from ?? "octo"),
  },
  base: { ref: "main" },
});

export const rawRun = (id: number, name: string, status = "in_progress") => ({
  id,
  display_title: name,
  status,
  conclusion: status === "completed" ? "success" : null,
  path: ".github/workflows/enki-step.yml@main",
  event: "workflow_dispatch",
  head_branch: "main",
  head_sha: "a".repeat(40),
  run_attempt: 1,
  updated_at: "2026-11-20T10:00:00Z",
  actor: user("enki[bot]", "Bot"),
  triggering_actor: user("enki[bot]", "Bot"),
  repository: { id: 1 },
  head_repository: { id: 1 },
});
