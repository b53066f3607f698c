import { now } from "../support/after.ts";
import type { ContractPlace } from "./contract-place.ts";
import { wait } from "./paced-client.ts";

const MAX_MESSAGE_CHARS = 200;

const firstLine = (text: string): string => (text.trim().split("\n")[0] ?? "").slice(0, MAX_MESSAGE_CHARS);

/** GitHub's own words, without the address of its documentation. */
export const readMessage = (error: Error): string => {
  const [first] =
    "errors" in error && Array.isArray(error.errors) ? (error.errors as { readonly message?: string; readonly type?: string }[]) : [];
  const words = first?.message === undefined ? error.message : `${first.type ?? "error"}: ${first.message}`;
  return firstLine(words.replace(/ - https?:\S+$/, ""));
};

/** `yes` for an accepted request, else GitHub's status and words. */
export const describeReply = async (request: Promise<unknown>): Promise<string> => {
  try {
    await request;
    return "yes";
  } catch (error) {
    if (!(error instanceof Error)) return String(error);
    const status = "status" in error ? `${String(error.status)} ` : "";
    return `no (${status}${readMessage(error)})`;
  }
};

export const describePush = ({ ok, text }: { readonly ok: boolean; readonly text: string }): string =>
  ok ? "yes" : `no (${firstLine(text.split("\n").find((line) => /reject|denied|error|stale|refus/i.test(line)) ?? text)})`;

type SeenRun = { readonly id: number; readonly event: string; readonly status: string | null; readonly conclusion: string | null };

/** The runs of a commit by some events; waits for them, and gives up when nothing comes. */
export const watchRuns = async (place: ContractPlace, sha: string, events: readonly string[]): Promise<readonly SeenRun[]> => {
  const end = now() + place.silenceMs;
  for (;;) {
    const { data } = await place.person.actions.listWorkflowRunsForRepo({ ...place.slug, per_page: 100 });
    const found = data.workflow_runs.filter((run) => run.head_sha === sha && events.includes(run.event));
    if ((found.length > 0 && found.every(({ status }) => status === "completed")) || now() >= end) return found;
    await wait(place.silenceMs / 20);
  }
};

export const describeRuns = (runs: readonly SeenRun[]): string =>
  runs.length === 0
    ? "no run"
    : runs.map(({ event, status, conclusion }) => `${event}: ${status ?? ""}${conclusion === null ? "" : `/${conclusion}`}`).join(", ");

/** Checks again and again until a value comes, or nothing came for a while. */
export const waitForValue = async <T>(silenceMs: number, read: () => Promise<T | null>): Promise<T | null> => {
  const end = now() + silenceMs;
  for (;;) {
    const found = await read();
    if (found !== null || now() >= end) return found;
    await wait(silenceMs / 20);
  }
};

/** Who asks: Enki's bot if there is one. */
export const asker = ({ bot, person, login }: ContractPlace) => ({ octokit: bot?.octokit ?? person, login: bot?.login ?? login });
