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
  /** What came or went, for the issue's history. */
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
  const of = { issue: issue.number, by: actor.account, action, label: label ?? null, assignee: assignee ?? null, rename: rename ?? null };
  repository.history.push({ id: takeNextId(forge), at: forge.now(), ...of });
};

/** An event of an issue; those of a pull request have a name of their own. */
export const reportIssueEvent = (forge: ForgeState, repository: ForgeRepository, told: IssueEventInput): void => {
  const { issue, actor, action, more } = told;
  recordIssueEvent(forge, repository, told);
  if (issue.pull) return reportPullEvent(forge, repository, told);
  const payload = { action, ...more, issue: restIssueShape(forge, repository, issue) };
  emitEvent(forge, repository, { event: "issues", payload, actor, title: issue.title });
};

type LabelReplacement = { readonly issue: Issue; readonly actor: RequestActor; readonly labels: readonly string[] };

/** Gives an issue these labels and no others, and tells of each that came or went. */
export const replaceLabels = (forge: ForgeState, repository: ForgeRepository, { issue, actor, labels }: LabelReplacement): void => {
  const before = issue.labels;
  issue.labels = [...new Set(labels)];
  const tell = (action: string, name: string): void =>
    reportIssueEvent(forge, repository, { issue, actor, action, label: name, more: { label: labelShape(forge, repository, name) } });
  const gone = before.filter((name) => !issue.labels.includes(name));
  const come = issue.labels.filter((name) => !before.includes(name));
  if (gone.length + come.length > 0) issue.updated = forge.now();
  for (const name of gone) tell("unlabeled", name);
  for (const name of come) tell("labeled", name);
};

type AssigneeReplacement = { readonly issue: Issue; readonly actor: RequestActor; readonly logins: readonly string[] };

/** Assigns an issue to these people and no others, and tells of each who came or went. */
export const replaceAssignees = (forge: ForgeState, repository: ForgeRepository, { issue, actor, logins }: AssigneeReplacement): void => {
  const before = issue.assignees;
  issue.assignees = [...new Set(logins)];
  const tell = (action: string, assignee: string): void =>
    reportIssueEvent(forge, repository, {
      issue,
      actor,
      action,
      assignee,
      more: { assignee: accountShape(forge, ensureAccount(forge, assignee)) },
    });
  const gone = before.filter((login) => !issue.assignees.includes(login));
  const come = issue.assignees.filter((login) => !before.includes(login));
  if (gone.length + come.length > 0) issue.updated = forge.now();
  for (const login of gone) tell("unassigned", login);
  for (const login of come) tell("assigned", login);
};
