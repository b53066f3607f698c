import type { Effect, EffectEnding } from "../core/domain/effect.ts";
import type { GitHubPorts } from "../github/github-ports.ts";
import { isSameLogin } from "../core/domain/ids.ts";

/** Requests a review. A repeated request after the review would notify the person again, so an earlier one is looked up first. */
export const requestReview = async (
  { pull, login }: Extract<Effect, { kind: "request-review" }>,
  { pulls }: Pick<GitHubPorts, "pulls">,
  isRepeated: boolean,
): Promise<EffectEnding<"request-review">> => {
  const done: EffectEnding<"request-review"> = { kind: "done", answer: null };
  if (isRepeated) {
    const requested = await pulls.requestedReviewers(pull);
    if (!requested.ok) return requested.failure;
    if (requested.value.some((each) => isSameLogin(each, login))) return done;
  }
  const reply = await pulls.requestReview(pull, login);
  return reply.ok ? done : reply.failure;
};
