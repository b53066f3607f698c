import type { IssueChange } from "../domain/github-facts.ts";
import type { CommandSource } from "../domain/command.ts";
import type { Event } from "../domain/event.ts";
import { type Login, type Millis, isSameLogin } from "../domain/ids.ts";
import { readCommandRequests } from "./read-comment.ts";

export type IssueFields = {
  readonly issue: number;
  readonly by: Login;
  readonly bot: boolean;
  readonly body: string;
  readonly created: Millis;
  /** Whether the text may differ from the first posted version. */
  readonly edited: boolean;
};

/** The commands of a new issue's text; null for texts of bots and of Enki and for texts without a command. A webhook and a listing yield the same event. */
export const readNewIssue = ({ issue, by, bot, body, created, edited }: IssueFields, self: Login): Event | null => {
  if (bot || isSameLogin(by, self)) return null;
  const requests = readCommandRequests(body, self);
  if (requests.length === 0) return null;
  return {
    kind: "commanded",
    id: `issue:${issue}`,
    at: created,
    issue,
    onPullRequest: false,
    source: { kind: "issue" },
    by,
    edited,
    requests,
  };
};

/** Triggers besides commands: a label with this name (none if empty), or an assignment to `botLogin`. */
export type TriggerSettings = { readonly label: string; readonly botLogin: Login };

/** Whether the label is the configured one. GitHub ignores case in labels. */
export const isTriggerLabel = (label: string | null, triggerLabel: string): boolean =>
  triggerLabel !== "" && label !== null && label.toLowerCase() === triggerLabel.toLowerCase();

/** A person's trigger label or assignment to Enki as `/enki fix`; null for any other change. The change's number is part of the event id. */
export const readIssueChange = (change: IssueChange, { label: triggerLabel, botLogin }: TriggerSettings): Event | null => {
  const { id, issue, onPull, action, by, bot, label, assignee, at } = change;
  if (bot || isSameLogin(by, botLogin) || onPull || issue === 0) return null;
  const fix = { kind: "do", text: "" } as const;
  const toFixCommand = (source: Extract<CommandSource, { kind: "label" | "assignment" }>): Event => ({
    kind: "commanded",
    id: `${source.kind}:${issue}/${id}`,
    at,
    issue,
    onPullRequest: onPull,
    source,
    by,
    edited: false,
    requests: [{ ok: true, command: fix }],
  });
  if (action === "labeled" && isTriggerLabel(label, triggerLabel)) return toFixCommand({ kind: "label", name: triggerLabel });
  if (action === "assigned" && assignee && isSameLogin(assignee, botLogin)) return toFixCommand({ kind: "assignment" });
  return null;
};
