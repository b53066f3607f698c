import { type Json, pageUrl, repositoryUrl } from "./addresses.ts";
import { commitShape } from "./commit-shapes.ts";
import { type Call, type Handler, ok } from "./exchange.ts";
import { Refusal } from "./refusal.ts";
import { fullName } from "./state.ts";

const BRANCHES = "refs/heads/";

const isProtected = (call: Call, name: string): boolean => call.repository.rules.some((rule) => rule.branch === name);

export const branch: Handler = async (call) => {
  const { forge, repository } = call;
  const name = call.param("branch");
  const sha = await repository.bare.ref(`${BRANCHES}${name}`);
  const commit = sha === null ? null : await repository.bare.describe(sha);
  if (!commit) throw new Refusal(404, "Branch not found");
  const url = `${repositoryUrl(forge, repository)}/branches/${name}`;
  return ok({
    name,
    commit: commitShape(forge, repository, commit),
    _links: { self: url, html: `${pageUrl(forge, repository)}/tree/${name}` },
    protected: isProtected(call, name),
    // The older kind of protection, which this forge has not: `protected` speaks of rules.
    protection: { enabled: false, required_status_checks: { enforcement_level: "off", contexts: [], checks: [] } },
    protection_url: `${url}/protection`,
  });
};

export const branches: Handler = async (call) => {
  const found = [...(await call.repository.bare.refs(BRANCHES))];
  return call.page(
    found.map(([ref, sha]) => {
      const name = ref.slice(BRANCHES.length);
      return {
        name,
        commit: { sha, url: `${repositoryUrl(call.forge, call.repository)}/commits/${sha}` },
        protected: isProtected(call, name),
      };
    }),
  );
};

/** Parameters that GitHub always tells, as they are where nobody chose. */
const PARAMETERS: Readonly<Record<string, Json>> = {
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

/** The rules of a branch, as if each came from the first ruleset of the repository. */
export const rules: Handler = (call) => {
  const source = { ruleset_source_type: "Repository", ruleset_source: fullName(call.repository), ruleset_id: 1 };
  const found = call.repository.rules.filter(({ branch: name }) => name === call.param("branch"));
  return call.page(
    found.map(({ type, parameters }) => {
      const known = PARAMETERS[type];
      const all = known ? { ...known, ...(parameters as Json | undefined) } : parameters;
      return { type, ...source, ...(all !== undefined && { parameters: all }) };
    }),
  );
};
