import type { ApiJson } from "./api-urls.ts";
import { emitEvent } from "./emit-event.ts";
import { restIssueShape, labelShape } from "./issue-shapes.ts";
import { reportPullEvent } from "./pull-events.ts";
import { accountShape } from "./account-shape.ts";
import { ensureAccount, type ForgeState, takeNextId } from "./forge-state.ts";
import { type RequestActor } from "./forge-actor.ts";
import { type Issue, type IssueEvent } from "./forge-issue.ts";
import { type ForgeRepository } from "./forge-repository.ts";

type IssueEventInput = {
  readonly issue: Issue;
  readonly actor: RequestActor;
  readonly action: string;
  readonly more?: ApiJson;
  /** The label, person or title that changed, for the issue's history. */
  readonly label?: string;
  readonly assignee?: string;
  readonly rename?: IssueEvent["rename"];
};

const RECORDED_ACTIONS: ReadonlySet<string> = new Set(["labeled", "unlabeled", "assigned", "unassigned", "closed", "reopened", "renamed"]);

export const recordIssueEvent = (
  forge: ForgeState,
  repository: ForgeRepository,
  { issue, actor, action, label, assignee, rename }: IssueEventInput,
): void => {
  if (!RECORDED_ACTIONS.has(action)) return;
  const event = {
    issue: issue.number,
    by: actor.account,
    action,
    label: label ?? null,
    assignee: assignee ?? null,
    rename: rename ?? null,
  };
  repository.history.push({ id: takeNextId(forge), at: forge.now(), ...event });
};

/** Emits an event of an issue; for a pull request, emits a pull_request event instead. */
export const reportIssueEvent = (forge: ForgeState, repository: ForgeRepository, input: IssueEventInput): void => {
  const { issue, actor, action, more } = input;
  recordIssueEvent(forge, repository, input);
  if (issue.pull) return reportPullEvent(forge, repository, input);
  const payload = { action, ...more, issue: restIssueShape(forge, repository, issue) };
  emitEvent(forge, repository, { event: "issues", payload, actor, title: issue.title });
};

type LabelReplacement = { readonly issue: Issue; readonly actor: RequestActor; readonly labels: readonly string[] };

/** Replaces the labels of an issue and emits an event for each added or removed label. */
export const replaceLabels = (forge: ForgeState, repository: ForgeRepository, { issue, actor, labels }: LabelReplacement): void => {
  const before = issue.labels;
  issue.labels = [...new Set(labels)];
  const report = (action: string, name: string): void =>
    reportIssueEvent(forge, repository, { issue, actor, action, label: name, more: { label: labelShape(forge, repository, name) } });
  const removed = before.filter((name) => !issue.labels.includes(name));
  const added = issue.labels.filter((name) => !before.includes(name));
  if (removed.length + added.length > 0) issue.updated = forge.now();
  for (const name of removed) report("unlabeled", name);
  for (const name of added) report("labeled", name);
};

type AssigneeReplacement = { readonly issue: Issue; readonly actor: RequestActor; readonly logins: readonly string[] };

/** Replaces the assignees of an issue and emits an event for each added or removed person. */
export const replaceAssignees = (forge: ForgeState, repository: ForgeRepository, { issue, actor, logins }: AssigneeReplacement): void => {
  const before = issue.assignees;
  issue.assignees = [...new Set(logins)];
  const report = (action: string, assignee: string): void =>
    reportIssueEvent(forge, repository, {
      issue,
      actor,
      action,
      assignee,
      more: { assignee: accountShape(forge, ensureAccount(forge, assignee)) },
    });
  const removed = before.filter((login) => !issue.assignees.includes(login));
  const added = issue.assignees.filter((login) => !before.includes(login));
  if (removed.length + added.length > 0) issue.updated = forge.now();
  for (const login of removed) report("unassigned", login);
  for (const login of added) report("assigned", login);
};
