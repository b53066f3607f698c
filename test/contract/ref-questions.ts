import { asker, describePush, describeReply, describeRuns, readMessage, waitForValue, watchRuns } from "./ask-github.ts";
import { type ContractPlace, HOOK_URL } from "./contract-place.ts";
import { PUSH_FILES } from "./contract-workflows.ts";

const ZERO = "0".repeat(40);
const MANY_REFS = 100;

/** Webhooks that a push caused, by GitHub's own list of deliveries: nothing has to listen. */
const watchHooks = async (place: ContractPlace, cause: () => Promise<void>): Promise<string> => {
  const { person, slug } = place;
  const config = { url: HOOK_URL, content_type: "json" };
  const made = await person.repos.createWebhook({ ...slug, config, events: ["push", "create"] }).catch((error: Error) => error);
  await cause();
  if (made instanceof Error) return `not seen (${readMessage(made)})`;
  const hook_id = made.data.id;
  const found = await waitForValue(place.silenceMs, async () => {
    const { data } = await person.repos.listWebhookDeliveries({ ...slug, hook_id });
    const events = data.filter(({ event }) => event !== "ping").map(({ event }) => event);
    return events.length > 0 ? events : null;
  });
  await person.repos.deleteWebhook({ ...slug, hook_id });
  return found?.join(", ") ?? "none";
};

/** Whether a rule that restricts the creation of every branch also refuses refs/enki/*. */
const tryRule = async (place: ContractPlace, id: string, commit: string): Promise<string> => {
  const { person, slug, clone } = place;
  const conditions = { ref_name: { include: ["~ALL"], exclude: [] } };
  const rules = [{ type: "creation" as const }];
  const made = await person.repos
    .createRepoRuleset({ ...slug, name: id, target: "branch", enforcement: "active", conditions, rules })
    .catch((error: Error) => error);
  if (made instanceof Error) return `not tried (${readMessage(made)})`;
  try {
    const ref = describePush(await clone.tryPush(`${commit}:refs/enki/${id}-ruled`));
    const branch = describePush(await clone.tryPush(`${commit}:refs/heads/task/${id}-ruled`));
    return `a ref passes: ${ref}; a branch passes: ${branch}`;
  } finally {
    await person.repos.deleteRepoRuleset({ ...slug, ruleset_id: made.data.id });
  }
};

export const askAboutRefs = async (place: ContractPlace, id: string): Promise<string> => {
  const { clone, base } = place;
  const commit = await clone.commit(base, { ...PUSH_FILES, [`${id}.txt`]: "ref" });
  const hooks = await watchHooks(place, () => clone.push(`${commit}:refs/enki/${id}`));
  const ofRef = await watchRuns(place, commit, ["push", "create"]);
  const other = await clone.commit(base, { ...PUSH_FILES, [`${id}.txt`]: "branch" });
  await clone.push(`${other}:refs/heads/task/${id}-push`);
  const ofBranch = await watchRuns(place, other, ["push", "create"]);
  return `runs: ${describeRuns(ofRef)} (a branch with the same file: ${describeRuns(ofBranch)}); webhooks: ${hooks}; rule on all branches: ${await tryRule(place, id, commit)}`;
};

type RefUpdate = { readonly name: string; readonly beforeOid: string; readonly afterOid: string };
const UPDATE_REFS = `mutation ($repositoryId: ID!, $refUpdates: [RefUpdate!]!) {
  updateRefs(input: { repositoryId: $repositoryId, refUpdates: $refUpdates }) { clientMutationId } }`;

export const askAboutUpdateRefs = async (place: ContractPlace, id: string): Promise<string> => {
  const { clone, base, slug, person } = place;
  const { octokit, login } = asker(place);
  const { node_id: repositoryId } = (await person.repos.get(slug)).data;
  const update = (...refUpdates: RefUpdate[]) => describeReply(octokit.graphql(UPDATE_REFS, { repositoryId, refUpdates }));
  const next = await clone.commit(base, { [`${id}.txt`]: "next" });
  await clone.push(`${next}:refs/heads/task/${id}-objects`);
  const name = (end: string) => `refs/enki/${id}-${end}`;
  const two = await update({ name: name("a"), beforeOid: ZERO, afterOid: base }, { name: name("b"), beforeOid: ZERO, afterOid: base });
  const stale = await update({ name: name("a"), beforeOid: base, afterOid: next }, { name: name("b"), beforeOid: next, afterOid: base });
  const a = await person.git.getRef({ ...slug, ref: `enki/${id}-a` }).catch(() => null);
  const untouched = a === null ? "unknown" : a.data.object.sha === base ? "yes" : "no";
  const many = await update(...Array.from({ length: MANY_REFS }, (_, at) => ({ name: name(`m${at}`), beforeOid: ZERO, afterOid: base })));
  const rest = await describeReply(octokit.git.createRef({ ...slug, ref: name("rest"), sha: base }));
  return `as ${login}: two new refs: ${two}; one stale of two: ${stale}, the other untouched: ${untouched}; ${MANY_REFS} refs: ${many}; REST creates one: ${rest}`;
};

export const askAboutAtomicPushes = async (place: ContractPlace, id: string): Promise<string> => {
  const { clone, base, slug, person } = place;
  const next = await clone.commit(base, { [`${id}.txt`]: "next" });
  const [a, b] = [`refs/enki/${id}-a`, `refs/enki/${id}-b`];
  const lease = (ref: string, old: string) => `--force-with-lease=${ref}:${old}`;
  const created = await clone.tryPush("--atomic", lease(a, ""), lease(b, ""), `${base}:${a}`, `${base}:${b}`);
  const stale = await clone.tryPush("--atomic", lease(a, base), lease(b, next), `${next}:${a}`, `${next}:${b}`);
  const found = await person.git.getRef({ ...slug, ref: `enki/${id}-a` }).catch(() => null);
  const untouched = found === null ? "unknown" : found.data.object.sha === base ? "yes" : "no";
  const moved = await clone.tryPush("--atomic", lease(a, base), lease(b, base), `${next}:${a}`, `${next}:${b}`);
  return `two new refs: ${describePush(created)}; one stale of two: ${describePush(stale)}, the other untouched: ${untouched}; both moved: ${describePush(moved)}`;
};

/** Pushes the head of a new pull request to a commit of its base, and reports what becomes of the pull request. */
const pushContained = async (place: ContractPlace, id: string, { base, to }: { readonly base: string; readonly to: string }) => {
  const { clone, slug, person } = place;
  const head = `task/${id}`;
  const tip = await clone.commit(place.base, { [`${id}.txt`]: "head" });
  await clone.push(`${tip}:refs/heads/${head}`);
  const { data: pull } = await person.pulls.create({ ...slug, head, base, title: id, body: `Of ${id}.` });
  const read = async () => (await person.pulls.get({ ...slug, pull_number: pull.number })).data;
  await clone.push("--force", `${to}:refs/heads/${head}`);
  const ended = await waitForValue(place.silenceMs, async () => {
    const current = await read();
    return current.state === "closed" ? current : null;
  });
  const { state, merged, merged_by: by } = ended ?? (await read());
  return `${state}, ${merged ? `merged (by ${by?.login ?? "nobody"})` : "not merged"}`;
};

export const askAboutContainedHeads = async (place: ContractPlace, id: string): Promise<string> => {
  const { clone } = place;
  const base = `task/${id}-base`;
  const first = await clone.commit(place.base, { [`${id}.txt`]: "first" });
  const second = await clone.commit(first, { [`${id}.txt`]: "second" });
  await clone.push(`${second}:refs/heads/${base}`);
  const atTip = await pushContained(place, `${id}-tip`, { base, to: second });
  return `at the tip of the base: ${atTip}; at an earlier commit: ${await pushContained(place, `${id}-earlier`, { base, to: first })}`;
};
