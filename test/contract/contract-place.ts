import { now } from "../support/after.ts";
import { randomBytes } from "node:crypto";
import type { Octokit } from "@octokit/rest";
import githubAppJwt from "universal-github-app-jwt";
import { BACKLOG_LABEL } from "../../src/core/domain/backlog-item.ts";
import { openContractClone, type ContractClone } from "./contract-clone.ts";
import { ContractRefusal, type ContractSettings, isOnLoopback } from "./contract-settings.ts";
import { DEFAULT_BRANCH_FILES, GUEST_FILES, GUEST_MARK, MARK, STEP_PATH } from "./contract-workflows.ts";
import { openPacedClient, openPacedFetch, type PacedFetch, wait } from "./paced-client.ts";

/** Names of branches, texts and jobs of the contract contain such a word: what a killed run left is known by it. */
const ID_PATTERN = /\bcontract[0-9a-f]{6}\b/;
export const HOOK_URL = "https://contract.example.invalid/";
const MAX_EMPTY_COMMITS = 5;
const MAX_EMPTY_FILES = 20;

type ContractBot = { readonly token: string; readonly octokit: Octokit; readonly login: string };
type Slug = { readonly owner: string; readonly repo: string };

/** A repository on GitHub or on a local GitHub that the contract may use. */
export type ContractPlace = {
  readonly settings: ContractSettings;
  readonly slug: Slug;
  readonly fetch: PacedFetch;
  readonly person: Octokit;
  readonly login: string;
  readonly isAdmin: boolean;
  readonly bot: ContractBot | null;
  readonly readToken: string | null;
  readonly defaultBranch: string;
  readonly clone: ContractClone;
  /** The newest commit of the default branch. */
  base: string;
  /** As the App itself; null without the App's key. */
  readonly asApp: (() => Promise<Octokit>) | null;
  readonly eventually: (check: () => Promise<void>) => Promise<void>;
  /** Longest wait for an event that may never happen. */
  readonly silenceMs: number;
  readonly newId: () => string;
  /** Closes issues and pull requests, deletes branches, and stops runs that the contract made. */
  readonly cleanUp: () => Promise<void>;
  /** Also removes what belongs to the whole run. */
  readonly close: () => Promise<void>;
};

const newId = (): string => `contract${randomBytes(3).toString("hex")}`;

const createEventually =
  (patienceMs: number, intervalMs: number): ContractPlace["eventually"] =>
  async (check) => {
    const end = now() + patienceMs;
    for (;;) {
      try {
        return await check();
      } catch (error) {
        if (now() >= end) throw error;
        await wait(intervalMs);
      }
    }
  };

/** The bot's login: an installation may not read `/user`, so its own App, GraphQL or its name tell. */
const findLogin = async (octokit: Octokit): Promise<string> => {
  const user = await octokit.users.getAuthenticated().catch(() => null);
  if (user) return user.data.login;
  const { viewer } = await octokit.graphql<{ viewer: { login: string } }>("{ viewer { login } }");
  return viewer.login;
};

const openApp = (settings: ContractSettings, pacedFetch: PacedFetch) => {
  const { bot, apiUrl } = settings;
  if (bot === null || "token" in bot) return null;
  return async (): Promise<Octokit> =>
    openPacedClient({ apiUrl, fetch: pacedFetch }, (await githubAppJwt({ id: bot.app, privateKey: bot.privateKey })).token);
};

/** Makes the tokens of an App: with all its rights, and one that may only read. */
const openInstallation = async (asApp: () => Promise<Octokit>, slug: Slug) => {
  const octokit = await asApp();
  const { data: app } = await octokit.apps.getAuthenticated();
  const installations = await octokit.paginate(octokit.apps.listInstallations);
  const found = installations.find(({ account }) => account && "login" in account && account.login === slug.owner);
  if (!found) throw new ContractRefusal(`The App of APP_ID is not installed in ${slug.owner}/${slug.repo}.`);
  const create = async (permissions?: { issues: "read"; metadata: "read" }): Promise<string> => {
    const options = { installation_id: found.id, repositories: [slug.repo], ...(permissions && { permissions }) };
    return (await octokit.apps.createInstallationAccessToken(options)).data.token;
  };
  return { token: await create(), readToken: await create({ issues: "read", metadata: "read" }), login: `${app?.slug ?? ""}[bot]` };
};

const openBot = async (settings: ContractSettings, pacedFetch: PacedFetch, asApp: (() => Promise<Octokit>) | null) => {
  const { bot, apiUrl, readToken } = settings;
  if (bot === null) return { bot: null, readToken };
  const connect = (token: string): Octokit => openPacedClient({ apiUrl, fetch: pacedFetch }, token);
  if ("token" in bot) {
    const octokit = connect(bot.token);
    return { bot: { token: bot.token, octokit, login: await findLogin(octokit) }, readToken };
  }
  if (asApp === null) return { bot: null, readToken };
  const { token, login, readToken: made } = await openInstallation(asApp, settings);
  return { bot: { token, login, octokit: connect(token) }, readToken: readToken ?? made };
};

const findRepository = async (person: Octokit, slug: Slug) => {
  const name = `${slug.owner}/${slug.repo}`;
  try {
    const { data } = await person.repos.get(slug);
    const { login } = (await person.users.getAuthenticated()).data;
    const { permission } = (await person.repos.getCollaboratorPermissionLevel({ ...slug, username: login })).data;
    if (permission !== "admin" && permission !== "write") throw new ContractRefusal(`The token may not write to ${name}.`);
    return { defaultBranch: data.default_branch, login, isAdmin: permission === "admin" };
  } catch (error) {
    if (error instanceof ContractRefusal) throw error;
    throw new ContractRefusal(
      `GitHub shows no repository ${name} to this token: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
};

type Inspected = { readonly isMarked: boolean; readonly isTold: boolean };

/** Refuses a repository that may hold work. */
const inspect = async (
  place: { person: Octokit; clone: ContractClone; settings: ContractSettings },
  base: string | null,
): Promise<Inspected> => {
  const { person, clone, settings } = place;
  const { owner, repo, anyRepository } = settings;
  const stepFile = base === null ? "" : await clone.git("show", `${base}:${STEP_PATH}`).catch(() => "");
  if (stepFile.startsWith(MARK)) return { isMarked: true, isTold: false };
  const isGuest = stepFile.startsWith(GUEST_MARK);
  if (stepFile !== "" && !isGuest)
    throw new ContractRefusal(`${owner}/${repo} has its own ${STEP_PATH}, which the contract does not replace.`);
  const { data: issues } = await person.issues.listForRepo({ owner, repo, state: "all", per_page: 1 });
  const commits = base === null ? 0 : Number(await clone.git("rev-list", "--count", base));
  const files = base === null ? [] : (await clone.git("ls-tree", "-r", "--name-only", base)).split("\n");
  if (!isGuest && issues.length === 0 && commits <= MAX_EMPTY_COMMITS && files.length <= MAX_EMPTY_FILES)
    return { isMarked: false, isTold: false };
  if (anyRepository) return { isMarked: false, isTold: true };
  throw new ContractRefusal(
    `${owner}/${repo} may hold work: it has issues, or more than ${MAX_EMPTY_COMMITS} commits or ${MAX_EMPTY_FILES} files. The contract opens and closes issues and pull requests, pushes to the default branch, and starts runs. Create an empty repository for it, or set ENKI_CONTRACT_ANY_REPOSITORY=${owner}/${repo} as well.`,
  );
};

/** Writes files to the default branch. */
const writeFiles = async (
  place: Pick<ContractPlace, "clone" | "defaultBranch">,
  base: string | null,
  files: Readonly<Record<string, string>>,
) => {
  const { clone, defaultBranch } = place;
  const shown = async (path: string): Promise<string> =>
    base === null ? "" : `${await clone.git("show", `${base}:${path}`).catch(() => "")}\n`;
  const changed: Record<string, string> = {};
  for (const [path, text] of Object.entries(files)) if ((await shown(path)) !== text) changed[path] = text;
  if (base !== null && Object.keys(changed).length === 0) return base;
  const commit = await clone.commit(base, changed);
  const { ok, text } = await clone.tryPush(`${commit}:refs/heads/${defaultBranch}`);
  if (!ok)
    throw new ContractRefusal(
      `The contract could not push its workflow files to ${defaultBranch}; the token needs the scope "workflow" (gh auth refresh --scopes workflow): ${text}`,
    );
  return commit;
};

const removeFiles = async ({ clone, defaultBranch, base }: ContractPlace): Promise<void> => {
  await clone.git("checkout", "--quiet", "--force", "--detach", base);
  await clone.git("rm", "--quiet", "--", ...Object.keys(DEFAULT_BRANCH_FILES));
  await clone.git("commit", "--quiet", "--message", "contract: remove its workflows");
  await clone.push(`HEAD:refs/heads/${defaultBranch}`);
};

const ignoreRefusal = (): null => null;

const cancelRuns = async (person: Octokit, slug: Slug): Promise<void> => {
  const { data } = await person.actions.listWorkflowRunsForRepo({ ...slug, per_page: 100 });
  for (const { id, status, display_title } of data.workflow_runs)
    if (status !== "completed" && ID_PATTERN.test(display_title))
      await person.actions.cancelWorkflowRun({ ...slug, run_id: id }).catch(ignoreRefusal);
};

const closeIssues = async (person: Octokit, slug: Slug): Promise<void> => {
  const open = await person.paginate(person.issues.listForRepo, { ...slug, state: "open", per_page: 100 });
  for (const { number, title, body, pull_request } of open) {
    if (!ID_PATTERN.test(`${title} ${body ?? ""}`)) continue;
    if (pull_request) await person.pulls.update({ ...slug, pull_number: number, state: "closed" });
    else await person.issues.update({ ...slug, issue_number: number, state: "closed" });
  }
};

const deleteRefs = async (person: Octokit, slug: Slug): Promise<void> => {
  for (const prefix of ["heads/task/contract", "enki/contract"]) {
    const refs = await person.paginate(person.git.listMatchingRefs, { ...slug, ref: prefix, per_page: 100 });
    for (const { ref } of refs)
      if (ID_PATTERN.test(ref)) await person.git.deleteRef({ ...slug, ref: ref.replace(/^refs\//, "") }).catch(ignoreRefusal);
  }
};

const deleteSettings = async (person: Octokit, slug: Slug): Promise<void> => {
  const hooks = await person.repos.listWebhooks(slug).catch(ignoreRefusal);
  for (const { id, config } of hooks?.data ?? []) if (config.url === HOOK_URL) await person.repos.deleteWebhook({ ...slug, hook_id: id });
  const rulesets = await person.repos.getRepoRulesets({ ...slug, includes_parents: false }).catch(ignoreRefusal);
  for (const { id, name } of rulesets?.data ?? [])
    if (ID_PATTERN.test(name)) await person.repos.deleteRepoRuleset({ ...slug, ruleset_id: id });
};

/** Opens the repository that a person named: checks that the contract may use it, and prepares it. Throws a refusal. */
export const openContractPlace = async (settings: ContractSettings): Promise<ContractPlace> => {
  const { owner, repo, apiUrl, token } = settings;
  const slug = { owner, repo };
  const isLocal = isOnLoopback(settings);
  const pacedFetch = openPacedFetch(isLocal ? 0 : undefined);
  const person = openPacedClient({ apiUrl, fetch: pacedFetch }, token);
  const repository = await findRepository(person, slug);
  const asApp = openApp(settings, pacedFetch);
  const clone = openContractClone(settings, token);
  const found = await clone.fetch(repository.defaultBranch);
  const { isMarked, isTold } = await inspect({ person, clone, settings }, found);
  const label = await person.issues.getLabel({ ...slug, name: BACKLOG_LABEL }).catch(ignoreRefusal);
  const cleanUp = async (): Promise<void> => {
    await cancelRuns(person, slug);
    await closeIssues(person, slug);
    await deleteRefs(person, slug);
  };
  const place: ContractPlace = {
    settings,
    slug,
    fetch: pacedFetch,
    person,
    ...(await openBot(settings, pacedFetch, asApp)),
    ...repository,
    clone,
    base: await writeFiles({ clone, defaultBranch: repository.defaultBranch }, found, isTold ? GUEST_FILES : DEFAULT_BRANCH_FILES),
    asApp,
    eventually: isLocal ? createEventually(10_000, 100) : createEventually(180_000, 3_000),
    silenceMs: isLocal ? 2_000 : 40_000,
    newId,
    cleanUp,
    close: async () => {
      await cleanUp();
      await deleteSettings(person, slug);
      if (isMarked || label === null) await person.issues.deleteLabel({ ...slug, name: BACKLOG_LABEL }).catch(ignoreRefusal);
      if (isTold) await removeFiles(place);
      clone.close();
    },
  };
  if (place.login.endsWith("[bot]")) throw new ContractRefusal("GH_TOKEN must be a person's token; ENKI_CONTRACT_BOT_TOKEN names a bot's.");
  await deleteSettings(person, slug);
  await cleanUp();
  return place;
};
