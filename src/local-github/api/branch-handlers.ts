import { type ApiJson, pageUrl, repositoryUrl } from "./api-urls.ts";
import { restCommitShape } from "./commit-shapes.ts";
import { type ApiCall, type RouteHandler, okReply } from "./api-call.ts";
import { ApiRefusal } from "./api-refusal.ts";
import { repositoryFullName } from "./forge-repository.ts";

const BRANCH_REF_PREFIX = "refs/heads/";

const isProtectedBranch = (call: ApiCall, name: string): boolean => call.repository.rules.some((rule) => rule.branch === name);

export const getBranch: RouteHandler = async (call) => {
  const { forge, repository } = call;
  const name = call.param("branch");
  const sha = await repository.bare.readRef(`${BRANCH_REF_PREFIX}${name}`);
  const commit = sha === null ? null : await repository.bare.describeCommit(sha);
  if (!commit) throw new ApiRefusal(404, "Branch not found");
  const url = `${repositoryUrl(forge, repository)}/branches/${name}`;
  return okReply({
    name,
    commit: restCommitShape(forge, repository, commit),
    _links: { self: url, html: `${pageUrl(forge, repository)}/tree/${name}` },
    protected: isProtectedBranch(call, name),
    // Classic branch protection does not exist here. `protected` above reports rulesets.
    protection: { enabled: false, required_status_checks: { enforcement_level: "off", contexts: [], checks: [] } },
    protection_url: `${url}/protection`,
  });
};

export const listBranches: RouteHandler = async (call) => {
  const found = [...(await call.repository.bare.listRefs(BRANCH_REF_PREFIX))];
  return call.page(
    found.map(([ref, sha]) => {
      const name = ref.slice(BRANCH_REF_PREFIX.length);
      return {
        name,
        commit: { sha, url: `${repositoryUrl(call.forge, call.repository)}/commits/${sha}` },
        protected: isProtectedBranch(call, name),
      };
    }),
  );
};

/** Default values of the parameters that GitHub always reports. */
const DEFAULT_RULE_PARAMETERS: Readonly<Record<string, ApiJson>> = {
  merge_queue: {
    check_response_timeout_minutes: 60,
    grouping_strategy: "ALLGREEN",
    max_entries_to_build: 5,
    max_entries_to_merge: 5,
    merge_method: "MERGE",
    min_entries_to_merge: 1,
    min_entries_to_merge_wait_minutes: 5,
  },
  pull_request: {
    dismiss_stale_reviews_on_push: false,
    require_code_owner_review: false,
    require_last_push_approval: false,
    required_approving_review_count: 0,
    required_review_thread_resolution: false,
  },
  required_status_checks: { required_status_checks: [], strict_required_status_checks_policy: false },
};

/** Lists the rules of a branch; all of them appear to come from ruleset 1 of the repository. */
export const listBranchRules: RouteHandler = (call) => {
  const source = { ruleset_source_type: "Repository", ruleset_source: repositoryFullName(call.repository), ruleset_id: 1 };
  const found = call.repository.rules.filter(({ branch: name }) => name === call.param("branch"));
  return call.page(
    found.map(({ type, parameters }) => {
      const known = DEFAULT_RULE_PARAMETERS[type];
      const all = known ? { ...known, ...(parameters as ApiJson | undefined) } : parameters;
      return { type, ...source, ...(all !== undefined && { parameters: all }) };
    }),
  );
};
