import type { SettingsRequest } from "./doctor/finding.ts";

const environmentPath = (slug: string): string => `/repos/${slug}/environments/enki`;

/** The requests that create or close the environment `enki`, so that only jobs on the given branch receive its secrets. */
export const restrictEnvironment = (slug: string, branch: string): readonly [create: SettingsRequest, admit: SettingsRequest] => [
  {
    method: "PUT",
    path: environmentPath(slug),
    body: { deployment_branch_policy: { protected_branches: false, custom_branch_policies: true } },
  },
  { method: "POST", path: `${environmentPath(slug)}/deployment-branch-policies`, body: { name: branch } },
];

/** The same requests as a line for a shell. */
export const formatEnvironmentCommand = (slug: string, branch: string): string => {
  const path = environmentPath(slug).slice(1);
  const policy = "-F 'deployment_branch_policy[protected_branches]=false' -F 'deployment_branch_policy[custom_branch_policies]=true'";
  return `gh api --method PUT ${path} ${policy} && gh api --method POST ${path}/deployment-branch-policies -f name=${branch}`;
};
