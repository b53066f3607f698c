import { z } from "zod";
import { type Call, type Handler, ok, type Route } from "./exchange.ts";
import { relabel } from "./issue-events.ts";
import { labelShape } from "./issue-shapes.ts";
import { demandTriage, demandWriter, issueOf, label } from "./issues.ts";
import { Refusal } from "./refusal.ts";
import type { Issue } from "./state.ts";

const added = z.union([z.array(label), z.object({ labels: z.array(label) }).transform(({ labels }) => labels)]);

/** Who wrote an issue may not label it for that reason alone. */
const labelable = (call: Call): Issue => {
  const issue = issueOf(call);
  demandWriter(call, issue);
  demandTriage(call);
  return issue;
};

const relabeled = (call: Call, issue: Issue, labels: readonly string[]) => {
  relabel(call.forge, call.repository, { issue, actor: call.actor(), labels });
  return ok(issue.labels.map((name) => labelShape(call.forge, call.repository, name)));
};

const add: Handler = async (call) => {
  const issue = labelable(call);
  return relabeled(call, issue, [...issue.labels, ...(await call.input(added))]);
};

const remove: Handler = (call) => {
  const issue = labelable(call);
  const name = call.param("name");
  if (!issue.labels.includes(name)) throw new Refusal(404, "Label does not exist");
  const left = issue.labels.filter((each) => each !== name);
  return relabeled(call, issue, left);
};

const WRITE = { scope: ["issues", "pull_requests"], level: "write" } as const;

/** Routes of the labels of issues and pull requests. */
export const labelRoutes: readonly Route[] = [
  ["POST", "/issues/:number/labels", WRITE, add],
  ["DELETE", "/issues/:number/labels/:name", WRITE, remove],
];
