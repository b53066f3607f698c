import { z } from "zod";
import { type ApiCall, type ApiRoute, okReply, type RouteHandler } from "./api-call.ts";
import { ApiRefusal, notFoundRefusal } from "./api-refusal.ts";
import { formatTimestamp, hashToNumber, nodeId, pageUrl, repositoryUrl } from "./api-urls.ts";

/** The name of an environment of the repository, from the path. Throws a 404 if there is none. */
export const requireEnvironment = (call: ApiCall): string => {
  const name = call.param("environment");
  if (!call.repository.environments.has(name)) throw notFoundRefusal();
  return name;
};

const environmentShape = ({ forge, repository }: ApiCall, name: string) => {
  const isRestricted = repository.environmentBranches.has(name);
  return {
    id: hashToNumber(name),
    node_id: nodeId("Environment", name),
    name,
    url: `${repositoryUrl(forge, repository)}/environments/${encodeURIComponent(name)}`,
    html_url: `${pageUrl(forge, repository)}/deployments/activity_log?environments_filter=${encodeURIComponent(name)}`,
    created_at: formatTimestamp(repository.created),
    updated_at: formatTimestamp(repository.created),
    protection_rules: isRestricted ? [{ id: hashToNumber(`policy of ${name}`), node_id: nodeId("Gate", name), type: "branch_policy" }] : [],
    deployment_branch_policy: isRestricted ? { protected_branches: false, custom_branch_policies: true } : null,
  };
};

const environmentSchema = z.object({
  deployment_branch_policy: z.object({ protected_branches: z.boolean(), custom_branch_policies: z.boolean() }).nullish(),
});

/**
 * GitHub Free has environments in public repositories only: https://docs.github.com/actions/reference/deployments-and-environments.
 * A request without a branch policy opens the environment: https://docs.github.com/rest/deployments/environments
 */
const putEnvironment: RouteHandler = async (call) => {
  const { private: isPrivate, environments, environmentBranches } = call.repository;
  if (isPrivate) throw notFoundRefusal();
  const name = call.param("environment");
  const { deployment_branch_policy: policy } = await call.input(environmentSchema);
  if (policy && policy.protected_branches === policy.custom_branch_policies)
    throw new ApiRefusal(422, "Validation Failed: protected_branches and custom_branch_policies cannot have the same value");
  if (!environments.has(name)) environments.set(name, {});
  if (!policy) environmentBranches.delete(name);
  else if (policy.protected_branches) throw new ApiRefusal(501, "The local GitHub has no protected branches as an environment's policy.");
  else if (!environmentBranches.has(name)) environmentBranches.set(name, []);
  return okReply(environmentShape(call, name));
};

const branchPolicyShape = (name: string) => ({
  id: hashToNumber(name),
  node_id: nodeId("GateBranchPolicy", name),
  name,
  type: "branch",
});

const listBranchPolicies: RouteHandler = (call) => {
  const branches = call.repository.environmentBranches.get(requireEnvironment(call)) ?? [];
  const policies = branches.map(branchPolicyShape);
  return call.page(policies, (items) => ({ total_count: policies.length, branch_policies: items }));
};

/** Only an environment with custom policies takes one: https://docs.github.com/rest/deployments/branch-policies */
const createBranchPolicy: RouteHandler = async (call) => {
  const environment = requireEnvironment(call);
  const branches = call.repository.environmentBranches.get(environment);
  if (!branches) throw notFoundRefusal();
  const { name } = await call.input(z.object({ name: z.string().min(1), type: z.literal("branch").default("branch") }));
  if (branches.includes(name)) throw new ApiRefusal(303, "The branch policy already exists.");
  call.repository.environmentBranches.set(environment, [...branches, name]);
  return okReply(branchPolicyShape(name));
};

/** The routes of environments, without their secrets and variables. */
export const environmentHandlers: readonly (readonly [ApiRoute[0], string, RouteHandler])[] = [
  ["GET", "/environments/:environment", (call) => okReply(environmentShape(call, requireEnvironment(call)))],
  ["PUT", "/environments/:environment", putEnvironment],
  ["GET", "/environments/:environment/deployment-branch-policies", listBranchPolicies],
  ["POST", "/environments/:environment/deployment-branch-policies", createBranchPolicy],
];
