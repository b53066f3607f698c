import { z } from "zod";
import { accountShape } from "./account-shape.ts";
import { type ApiCall, type ApiRoute, createdReply, okReply, type RouteHandler } from "./api-call.ts";
import { ApiRefusal } from "./api-refusal.ts";
import type { ForgeAccount } from "./forge-actor.ts";
import { getRequestedPull } from "./merge-requested-pull.ts";
import { reportPullEvent } from "./pull-events.ts";
import { restPullShape } from "./pull-shapes.ts";
import { findRole } from "./repository-access.ts";

const reviewersSchema = z.object({ reviewers: z.array(z.string()).default([]) });

/** GitHub's words: https://github.com/peter-evans/create-pull-request/issues/4138, https://github.com/Madrapps/add-reviewers/issues/5 */
const findReviewer = ({ forge, repository }: ApiCall, login: string, author: string): ForgeAccount => {
  if (login.toLowerCase() === author.toLowerCase()) throw new ApiRefusal(422, "Review cannot be requested from pull request author.");
  const account = forge.accounts.get(login.toLowerCase());
  const { owner, name, roles } = repository;
  const isCollaborator = roles.has(login.toLowerCase()) || findRole(repository, login) === "admin";
  if (account && isCollaborator) return account;
  throw new ApiRefusal(
    422,
    `Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the ${owner.login}/${name} repository.`,
  );
};

/** https://docs.github.com/rest/pulls/review-requests#request-reviewers-for-a-pull-request */
const requestReviewers: RouteHandler = async (call) => {
  const { forge, repository } = call;
  const issue = getRequestedPull(call);
  const { reviewers } = await call.input(reviewersSchema);
  const accounts = reviewers.map((login) => findReviewer(call, login, issue.by.login));
  for (const account of accounts) {
    // A person whose review is requested already is not notified again.
    if (issue.pull.requestedReviewers.some(({ login }) => login === account.login)) continue;
    issue.pull.requestedReviewers.push(account);
    issue.updated = forge.now();
    const more = { requested_reviewer: accountShape(forge, account) };
    reportPullEvent(forge, repository, { issue, action: "review_requested", actor: call.actor(), more });
  }
  return createdReply(restPullShape(forge, repository, issue));
};

const listReviewers: RouteHandler = (call) => {
  const { pull } = getRequestedPull(call);
  return okReply({ users: pull.requestedReviewers.map((each) => accountShape(call.forge, each)), teams: [] });
};

export const reviewRequestRoutes: readonly ApiRoute[] = [
  ["GET", "/pulls/:number/requested_reviewers", { scope: "pull_requests", level: "read" }, listReviewers],
  ["POST", "/pulls/:number/requested_reviewers", { scope: "pull_requests", level: "write" }, requestReviewers],
];
