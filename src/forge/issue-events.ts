import type { Json } from "./addresses.ts";
import { happen } from "./happen.ts";
import { issueShape, labelShape } from "./issue-shapes.ts";
import { tellPull } from "./pull-events.ts";
import { account } from "./account-shape.ts";
import { accountOf, type Actor, type Forge, type Issue, type IssueEvent, nextId, type Repository } from "./state.ts";

type Told = {
  readonly issue: Issue;
  readonly actor: Actor;
  readonly action: string;
  readonly more?: Json;
  /** What came or went, for the issue's history. */
  readonly label?: string;
  readonly assignee?: string;
  readonly rename?: IssueEvent["rename"];
};

const KEPT: ReadonlySet<string> = new Set(["labeled", "unlabeled", "assigned", "unassigned", "closed", "reopened", "renamed"]);

export const keep = (forge: Forge, repository: Repository, { issue, actor, action, label, assignee, rename }: Told): void => {
  if (!KEPT.has(action)) return;
  const of = { issue: issue.number, by: actor.account, action, label: label ?? null, assignee: assignee ?? null, rename: rename ?? null };
  repository.history.push({ id: nextId(forge), at: forge.now(), ...of });
};

/** An event of an issue; those of a pull request have a name of their own. */
export const tellIssue = (forge: Forge, repository: Repository, told: Told): void => {
  const { issue, actor, action, more } = told;
  keep(forge, repository, told);
  if (issue.pull) return tellPull(forge, repository, told);
  const payload = { action, ...more, issue: issueShape(forge, repository, issue) };
  happen(forge, repository, { event: "issues", payload, actor, title: issue.title });
};

type Relabeled = { readonly issue: Issue; readonly actor: Actor; readonly labels: readonly string[] };

/** Gives an issue these labels and no others, and tells of each that came or went. */
export const relabel = (forge: Forge, repository: Repository, { issue, actor, labels }: Relabeled): void => {
  const before = issue.labels;
  issue.labels = [...new Set(labels)];
  const tell = (action: string, name: string): void =>
    tellIssue(forge, repository, { issue, actor, action, label: name, more: { label: labelShape(forge, repository, name) } });
  const gone = before.filter((name) => !issue.labels.includes(name));
  const come = issue.labels.filter((name) => !before.includes(name));
  if (gone.length + come.length > 0) issue.updated = forge.now();
  for (const name of gone) tell("unlabeled", name);
  for (const name of come) tell("labeled", name);
};

type Assigned = { readonly issue: Issue; readonly actor: Actor; readonly logins: readonly string[] };

/** Assigns an issue to these people and no others, and tells of each who came or went. */
export const assign = (forge: Forge, repository: Repository, { issue, actor, logins }: Assigned): void => {
  const before = issue.assignees;
  issue.assignees = [...new Set(logins)];
  const tell = (action: string, assignee: string): void =>
    tellIssue(forge, repository, { issue, actor, action, assignee, more: { assignee: account(forge, accountOf(forge, assignee)) } });
  const gone = before.filter((login) => !issue.assignees.includes(login));
  const come = issue.assignees.filter((login) => !before.includes(login));
  if (gone.length + come.length > 0) issue.updated = forge.now();
  for (const login of gone) tell("unassigned", login);
  for (const login of come) tell("assigned", login);
};
