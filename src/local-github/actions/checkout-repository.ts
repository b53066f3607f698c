import { randomUUID } from "node:crypto";
import { appendFile, mkdir, readdir, realpath, rm, writeFile } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import { isSha } from "../../core/domain/ids.ts";
import type { BuiltInAction, ActionCall } from "./job-host.ts";
import { StepFault } from "./step-fault.ts";

type CheckoutGit = (args: readonly string[], line?: (text: string) => void) => Promise<void>;

/** The ref or commit to fetch, and the local branch to create, if any. */
type CheckoutSource = { readonly source: string; readonly branch: string | null };

const isRefText = (text: string): boolean => /^[^\s~^:?*[\\-][^\s~^:?*[\\]*$/.test(text) && !text.includes("..") && !text.includes("@{");

const readCheckoutInput = (call: ActionCall, name: string, fallback: string): string => call.inputs.get(name) || fallback;

const authorizationHeader = (token: string): string => `AUTHORIZATION: basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`;

/**
 * Runs git with the token in its environment. Settings that an earlier step left in HOME or GITHUB_ENV do not apply.
 */
const createCheckoutGit = (call: ActionCall, directory: string, token: string): CheckoutGit => {
  const { job, stop } = call;
  const env = {
    ...job.installation.baseEnvironment,
    HOME: job.directories.home,
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_TERMINAL_PROMPT: "0",
    ...(token === ""
      ? {}
      : {
          GIT_CONFIG_COUNT: "1",
          GIT_CONFIG_KEY_0: `http.${job.facts.request.serverUrl}/.extraheader`,
          GIT_CONFIG_VALUE_0: authorizationHeader(token),
        }),
  };
  return async (args, line) => {
    const code = await job.processes.run({ command: "git", args, directory, env, stop, ...(line && { line }) });
    if (code !== 0) throw new StepFault(`The process 'git ${args[0] ?? ""}' failed with exit code ${code}`);
  };
};

const clearCheckoutDirectory = async (call: ActionCall): Promise<string> => {
  const { workspace } = call.job.directories;
  const directory = resolve(workspace, readCheckoutInput(call, "path", "."));
  const inside = (path: string, root: string): boolean => path === root || path.startsWith(root + sep);
  if (!inside(directory, workspace)) throw new StepFault(`Repository path '${directory}' is not under '${workspace}'`);
  await mkdir(directory, { recursive: true });
  const [real, root] = await Promise.all([realpath(directory), realpath(workspace)]);
  if (!inside(real, root)) throw new StepFault(`Repository path '${directory}' is not under '${workspace}'`);
  await Promise.all((await readdir(real)).map((name) => rm(join(real, name), { recursive: true, force: true })));
  return real;
};

const listRemoteRefs = async (git: CheckoutGit, args: readonly string[]): Promise<readonly string[]> => {
  const lines: string[] = [];
  await git(["ls-remote", ...args], (line) => lines.push(line));
  return lines;
};

const resolveCheckoutRef = async (git: CheckoutGit, ref: string): Promise<CheckoutSource> => {
  if (!isRefText(ref)) throw new StepFault(`'${ref}' is not a valid ref`);
  if (isSha(ref)) return { source: ref, branch: null };
  if (ref.startsWith("refs/heads/")) return { source: ref, branch: ref.slice("refs/heads/".length) };
  if (ref.startsWith("refs/")) return { source: ref, branch: null };
  const refs = await listRemoteRefs(git, ["origin", `refs/heads/${ref}`, `refs/tags/${ref}`]);
  if (refs.some((line) => line.endsWith(`\trefs/heads/${ref}`))) return { source: `refs/heads/${ref}`, branch: ref };
  if (refs.some((line) => line.endsWith(`\trefs/tags/${ref}`))) return { source: `refs/tags/${ref}`, branch: null };
  throw new StepFault(`A branch or tag with the name '${ref}' could not be found`);
};

const resolveCheckoutSource = async (call: ActionCall, git: CheckoutGit, isOwnRepository: boolean): Promise<CheckoutSource> => {
  const { request } = call.job.facts;
  const ref = readCheckoutInput(call, "ref", "");
  if (ref !== "") return resolveCheckoutRef(git, ref);
  if (isOwnRepository)
    return { source: request.sha, branch: request.ref.startsWith("refs/heads/") ? request.ref.slice("refs/heads/".length) : null };
  const head = (await listRemoteRefs(git, ["--symref", "origin", "HEAD"])).find((line) => line.startsWith("ref: "));
  return resolveCheckoutRef(git, head?.slice("ref: ".length).split("\t")[0] ?? "HEAD");
};

const fetchSource = async (call: ActionCall, git: CheckoutGit, checkout: CheckoutSource): Promise<void> => {
  const depth = Number(readCheckoutInput(call, "fetch-depth", "1"));
  if (!Number.isSafeInteger(depth) || depth < 0)
    throw new StepFault(`fetch-depth '${readCheckoutInput(call, "fetch-depth", "1")}' is not valid`);
  const tracking = `refs/remotes/origin/${checkout.branch ?? ""}`;
  const source = checkout.branch === null ? checkout.source : `+${checkout.source}:${tracking}`;
  const all = depth === 0 ? ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"] : [];
  const tags = readCheckoutInput(call, "fetch-tags", "false") === "true" || depth === 0 ? "--tags" : "--no-tags";
  if (depth === 0) await git(["fetch", "--quiet", "--prune", tags, "origin", ...all]);
  await git(["fetch", "--quiet", tags, ...(depth === 0 ? [] : [`--depth=${depth}`]), "origin", source]);
  const branch = checkout.branch === null ? ["--detach", "FETCH_HEAD"] : ["-B", checkout.branch, tracking];
  const directories = readCheckoutInput(call, "sparse-checkout", "")
    .split("\n")
    .filter((line) => line.trim() !== "");
  if (directories.length > 0) await git(["sparse-checkout", "set", "--cone", "--", ...directories.map((line) => line.trim())]);
  await git(["checkout", "--quiet", "--force", ...branch]);
};

const persistCredentials = async (call: ActionCall, directory: string, token: string): Promise<void> => {
  const file = join(call.job.directories.temp, `git-credentials-${randomUUID()}.config`);
  await writeFile(file, `[http "${call.job.facts.request.serverUrl}/"]\n\textraheader = ${authorizationHeader(token)}\n`, { mode: 0o600 });
  await appendFile(join(directory, ".git", "config"), `[include]\n\tpath = ${file}\n`);
};

/**
 * `actions/checkout`: fetches one commit, or all history with `fetch-depth: 0`, of any repository on the same server.
 * With `persist-credentials` (the default) later git commands use the token from a file in the job's temporary
 * directory.
 */
export const checkoutRepository: BuiltInAction = async (call) => {
  const { facts, log, token: jobToken } = call.job;
  const token = call.inputs.get("token") ?? jobToken;
  const repository = readCheckoutInput(call, "repository", facts.github["repository"] ?? "");
  if (!/^[\w.-]+\/[\w.-]+$/.test(repository) || repository.includes("..")) throw new StepFault(`Invalid repository '${repository}'`);
  if (token !== "") log.masks.add(authorizationHeader(token).slice("AUTHORIZATION: basic ".length));
  const directory = await clearCheckoutDirectory(call);
  const git = createCheckoutGit(call, directory, token);
  await git(["init", "--quiet", "--template="]);
  const url = `${facts.request.serverUrl}/${repository}.git`;
  await appendFile(join(directory, ".git", "config"), `[remote "origin"]\n\turl = ${url}\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n`);
  await fetchSource(call, git, await resolveCheckoutSource(call, git, repository === facts.github["repository"]));
  if (readCheckoutInput(call, "persist-credentials", "true") === "true" && token !== "") await persistCredentials(call, directory, token);
  let commit = "";
  await git(["rev-parse", "HEAD"], (line) => (commit = line));
  log.write(`Checked out ${repository} at ${commit}`);
  return { ref: readCheckoutInput(call, "ref", facts.request.ref), commit };
};
