import { hasEnded } from "../../src/core/domain/execution.ts";
import type { Ledger } from "../../src/core/domain/ledger.ts";
import { readTaskRef, toBranchRef } from "../../src/core/domain/refs.ts";
import { isTerminalState, type Step } from "../../src/core/domain/step.ts";
import { readTaskId } from "../../src/core/domain/ids.ts";
import { readMarker } from "../../src/core/messages/comment-marker.ts";
import { openOctokit } from "../../src/github/open-octokit.ts";
import type { RunningForge } from "../../src/local-github/api/start-forge.ts";
import type { Oracle } from "./oracle.ts";

/** Explains why a history has not ended: some work has neither ended nor waits for a person. Returns null if the history has ended. */
export const findUnsettled = (ledger: Ledger, running: readonly string[]): string | null => {
  if (running.length > 0) return `${running[0]} runs`;
  for (const execution of Object.values(ledger.executions)) {
    if (hasEnded(execution) || ["asking", "proposed", "paused"].includes(execution.state)) continue;
    if (execution.budget !== undefined || execution.charges !== undefined) continue;
    if (execution.state === "planning") return `${execution.id} is planning`;
    const steps = Object.values(execution.steps);
    const moving = steps.filter((step) => !isWaiting(step, (ledger.queues[execution.baseBranch]?.frozen ?? null) !== null));
    const isBlocked = (step: Step): boolean =>
      step.state === "pending" && steps.some((other) => other !== step && !isTerminalState(other.state));
    const stuck = moving.find((step) => !isBlocked(step));
    if (stuck) return `${execution.id}-${stuck.id} is ${stuck.state}`;
    if (steps.every(({ state }) => isTerminalState(state)) && execution.amendment === null)
      return `${execution.id} is ${execution.state} although its steps are over`;
  }
  const [left] = Object.keys(ledger.outbox);
  return left === undefined ? null : `${left} is in the outbox`;
};

/** Whether a step has ended or waits for a person. On a frozen base, all steps wait for a person. */
const isWaiting = ({ state, refusal }: Step, isFrozen: boolean): boolean =>
  isFrozen || isTerminalState(state) || state === "waiting" || state === "paused" || (state === "published" && refusal !== null);

type EndOptions = {
  readonly oracle: Oracle;
  readonly forge: RunningForge;
  readonly token: string;
  readonly repository: { readonly owner: string; readonly name: string };
};
type ListedPull = {
  readonly number: number;
  readonly merged_at: string | null;
  readonly head: { readonly ref: string; readonly sha: string };
};
type ListedComment = { readonly id: number; readonly body: string; readonly issue_url: string; readonly user: { readonly login: string } };

/** Checks the end of a history: pull requests agree with the ledger, and no comment or pull request exists twice. */
export const judgeEnd = async ({ oracle, forge, token, repository: { owner, name } }: EndOptions): Promise<void> => {
  const octokit = openOctokit(token, forge.apiUrl);
  const list = async <T>(path: string): Promise<readonly T[]> =>
    (await octokit.request(`GET /repos/${owner}/${name}${path}`)).data as readonly T[];
  const { ledger } = oracle.state;
  const pulls = await list<ListedPull>("/pulls?state=all&per_page=100");
  const perBranch = new Map<string, number>();
  for (const { number, merged_at: merged, head } of pulls) {
    const task = readTaskRef(toBranchRef(head.ref));
    const known = task === null ? null : readTaskId(task);
    if (known === null) continue;
    perBranch.set(head.ref, (perBranch.get(head.ref) ?? 0) + 1);
    const step = ledger.executions[known.execution]?.steps[known.step];
    if (merged !== null && step && step.landed === null && !oracle.isMergedByPeople(toBranchRef(head.ref), head.sha))
      oracle.violate("no merge without landing", `#${number} is merged, and ${step.id} is ${step.state} without a landing`);
  }
  const comments = await list<ListedComment>("/issues/comments?per_page=100");
  const said = comments.flatMap(({ body, user, issue_url: issue }) => {
    const marker = user.login.endsWith("[bot]") ? readMarker(body) : null;
    return marker?.kind === "execution" ? [`${issue} ${marker.id}`] : [];
  });
  const doubled = said.find((each, at) => said.indexOf(each) !== at);
  if (doubled !== undefined) oracle.violate("one of each", `two comments of ${doubled}`);
};
