import type { Json } from "./addresses.ts";
import { happen } from "./happen.ts";
import { issueShape, labelShape } from "./issue-shapes.ts";
import { tellPull } from "./pull-events.ts";
import type { Actor, Forge, Issue, Repository } from "./state.ts";

type Told = { readonly issue: Issue; readonly actor: Actor; readonly action: string; readonly more?: Json };

/** An event of an issue; those of a pull request have a name of their own. */
export const tellIssue = (forge: Forge, repository: Repository, told: Told): void => {
  const { issue, actor, action, more } = told;
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
    tellIssue(forge, repository, { issue, actor, action, more: { label: labelShape(forge, repository, name) } });
  const gone = before.filter((name) => !issue.labels.includes(name));
  const come = issue.labels.filter((name) => !before.includes(name));
  if (gone.length + come.length > 0) issue.updated = forge.now();
  for (const name of gone) tell("unlabeled", name);
  for (const name of come) tell("labeled", name);
};
