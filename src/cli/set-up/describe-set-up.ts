import type { DetectedProject } from "../../core/setup/detect-project.ts";
import { formatEnvironmentCommand } from "../../core/setup/restrict-environment.ts";
import type { SetUpChoices } from "../../core/setup/plan-set-up.ts";
import type { OwnRepository } from "./read-repository-facts.ts";

/** The detected project, as lines for a person. */
export const describeProject = ({ remote, defaultBranch }: OwnRepository, project: DetectedProject): string[] => [
  `Repository: ${remote ? `${remote.owner}/${remote.name} on ${remote.host}` : "without a remote"}, default branch ${defaultBranch ?? "unknown"}`,
  `Languages:  ${project.tools.map(({ language, manager }) => `${language} (${manager})`).join(", ") || "none detected"}`,
  `Tests:      ${project.verify.join(" && ") || "none detected; nothing lands until a command verifies it"}`,
  `CI:         ${project.ci.join(", ") || "none"}`,
  ...(project.hasSubmodules ? ["Submodules: public ones are checked out before verification"] : []),
  ...(project.hasLargeFiles ? ["Git LFS:    fetched before verification"] : []),
];

/** A person's remaining steps, with the lines to copy. */
export const describeNextSteps = (
  { remote, defaultBranch }: OwnRepository,
  { usesEnvironment, usesApp, verify }: Pick<SetUpChoices, "usesEnvironment" | "usesApp" | "verify">,
  isPullRequest: boolean,
): string[] => {
  // Without a remote, gh fills in the repository of the current directory by the time it has one.
  const slug = remote ? `${remote.owner}/${remote.name}` : "{owner}/{repo}";
  const secret = `gh secret set ENKI_MODEL_KEY${remote ? ` --repo ${slug}` : ""}${usesEnvironment ? " --env enki" : ""}`;
  return [
    "",
    "Next:",
    ...(verify.length === 0 ? ["  Set [refinery] verify in .enki/enki.toml: nothing lands until a command verifies it."] : []),
    ...(isPullRequest ? ["  Merge the pull request."] : ['  git add .enki .github && git commit --message "Set up Enki" && git push']),
    ...(usesEnvironment ? [`  ${formatEnvironmentCommand(slug, defaultBranch ?? "main")}`] : []),
    `  ${secret}`,
    ...(usesApp
      ? ["  enki app, on a server that GitHub can reach: docs/install.md"]
      : [
          `  gh api --method PUT repos/${slug}/actions/permissions/workflow -F can_approve_pull_request_reviews=true -f default_workflow_permissions=read`,
        ]),
    "  enki doctor",
  ];
};
