import { now } from "../support/after.ts";
import { describeReply, describeRuns, waitForValue, watchRuns } from "./ask-github.ts";
import type { ContractPlace } from "./contract-place.ts";
import { DEFAULT_BRANCH_FILES, PULL_FILES } from "./contract-workflows.ts";

const FOLLOW_PATH = ".github/workflows/contract-follow.yml";

export const needsBot = ({ bot }: ContractPlace): string | null =>
  bot === null ? "needs a bot: ENKI_CONTRACT_BOT_TOKEN, or APP_ID and PRIVATE_KEY_PATH" : null;

type PullInput = { readonly head: string; readonly sha: string; readonly base?: string };

/** The bot opens a pull request for a commit that a person pushed. */
const openBotPull = async (place: ContractPlace, id: string, { head, sha, base }: PullInput): Promise<number> => {
  const octokit = place.bot?.octokit ?? place.person;
  await place.clone.push(`${sha}:refs/heads/${head}`);
  const pull = { head, base: base ?? place.defaultBranch, title: id, body: `Of ${id}.` };
  return (await octokit.pulls.create({ ...place.slug, ...pull })).data.number;
};

export const askAboutApprovals = async (place: ContractPlace, id: string): Promise<string> => {
  const { clone, slug, bot } = place;
  const sha = await clone.commit(place.base, { ...PULL_FILES, [`${id}.txt`]: "pull" });
  await openBotPull(place, id, { head: `task/${id}-pull`, sha });
  const runs = await watchRuns(place, sha, ["pull_request"]);
  const [waiting] = runs.filter(({ conclusion }) => conclusion === "action_required");
  const seen = `as ${bot?.login ?? ""}: ${describeRuns(runs)}`;
  if (!waiting || !bot) return seen;
  const run = { ...slug, run_id: waiting.id };
  const approved = await describeReply(bot.octokit.actions.approveWorkflowRun(run));
  const rerun = await describeReply(bot.octokit.actions.reRunWorkflow(run));
  return `${seen}; the bot approves: ${approved}; the bot reruns: ${rerun}`;
};

const watchReview = async (place: ContractPlace, pull: number, sha: string): Promise<string> => {
  const event = "REQUEST_CHANGES" as const;
  await place.person.pulls.createReview({ ...place.slug, pull_number: pull, event, body: "Words." });
  return describeRuns(await watchRuns(place, sha, ["pull_request_review"]));
};

export const askAboutReviews = async (place: ContractPlace, id: string): Promise<string> => {
  const { clone, slug, person } = place;
  const started = now();
  const sha = await clone.commit(place.base, { ...PULL_FILES, [`${id}.txt`]: "pull" });
  const clean = await watchReview(place, await openBotPull(place, id, { head: `task/${id}-pull`, sha }), sha);
  const followed = await waitForValue(place.silenceMs, async () => {
    const { data } = await person.actions.listWorkflowRunsForRepo({ ...slug, event: "workflow_run", per_page: 20 });
    return data.workflow_runs.some(({ created_at }) => Date.parse(created_at) >= started - 1_000) ? "yes" : null;
  });
  const base = `task/${id}-base`;
  await clone.push(`${await clone.commit(place.base, { [`${id}.txt`]: "base" })}:refs/heads/${base}`);
  const other = await clone.commit(place.base, { ...PULL_FILES, [`${id}.txt`]: "head" });
  const conflicting = await watchReview(place, await openBotPull(place, id, { head: `task/${id}-conflict`, sha: other, base }), other);
  return `review: ${clean}; its end starts workflow_run: ${followed ?? "no"}; with a conflict: ${conflicting}`;
};

/** Changes a workflow of the default branch while a task's branch is at the former commit. */
export const askAboutWorkflowChanges = async (place: ContractPlace, id: string): Promise<string> => {
  const { clone, slug, bot, person, defaultBranch } = place;
  const sha = await clone.commit(place.base, { [`${id}.txt`]: "pull" });
  const head = `task/${id}-behind`;
  const pull_number = await openBotPull(place, id, { head, sha });
  const write = async (text: string): Promise<void> => {
    place.base = await clone.commit(place.base, { [FOLLOW_PATH]: text });
    await clone.push(`${place.base}:refs/heads/${defaultBranch}`);
  };
  const former = DEFAULT_BRANCH_FILES[FOLLOW_PATH] ?? "";
  await write(`${former}# Changed by ${id}.\n`);
  try {
    const octokit = bot?.octokit ?? person;
    const updated = await describeReply(octokit.pulls.updateBranch({ ...slug, pull_number, expected_head_sha: sha }));
    const moved = await waitForValue(place.silenceMs, async () => {
      const { data } = await person.git.getRef({ ...slug, ref: `heads/${head}` });
      return data.object.sha === sha ? null : "yes";
    });
    const merged = await describeReply(octokit.repos.merge({ ...slug, base: head, head: defaultBranch }));
    return `as ${bot?.login ?? ""}: update-branch: ${updated}, the head moves: ${moved ?? "no"}; POST merges: ${merged}`;
  } finally {
    await write(former);
  }
};
