import type { CommandSource } from "../domain/command.ts";
import type { Event } from "../domain/event.ts";
import type { Login, Millis } from "../domain/ids.ts";
import { readCommandRequests } from "./read-comment.ts";

export type IssueFields = {
  readonly issue: number;
  readonly by: Login;
  readonly bot: boolean;
  readonly body: string;
  readonly created: Millis;
  /** True when the text that we saw may not be the text that was posted first. */
  readonly edited: boolean;
};

/** What the text of a new issue asks for; null for a bot's, for our own, and for one without a command. A webhook and a listing give the same value. */
export const readNewIssue = ({ issue, by, bot, body, created, edited }: IssueFields, self: Login): Event | null => {
  if (bot || by === self) return null;
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

export type IssueChangeFields = {
  readonly id: number;
  readonly issue: number;
  readonly onPull: boolean;
  readonly action: string;
  readonly by: Login;
  readonly bot: boolean;
  readonly label: string | null;
  readonly assignee: Login | null;
  readonly at: Millis;
};

/** What starts an issue beside words: a label of this name (none where it is empty), an assignment to us. */
export type TriggerSettings = { readonly label: string; readonly botLogin: Login };

/** True for the label that the configuration names; GitHub does not tell upper case from lower. */
export const isTriggerLabel = (label: string | null, wanted: string): boolean =>
  wanted !== "" && label !== null && label.toLowerCase() === wanted.toLowerCase();

/** A label that a person set, or an assignment to us, as a bare `/enki fix`; null for any other change. The number of the change makes it one fact. */
export const readIssueChange = (change: IssueChangeFields, { label: wanted, botLogin }: TriggerSettings): Event | null => {
  const { id, issue, onPull, action, by, bot, label, assignee, at } = change;
  if (bot || by === botLogin || onPull || issue === 0) return null;
  const fix = { kind: "do", text: "" } as const;
  const asked = (source: Extract<CommandSource, { kind: "label" | "assignment" }>): Event => ({
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
  if (action === "labeled" && isTriggerLabel(label, wanted)) return asked({ kind: "label", name: wanted });
  if (action === "assigned" && assignee?.toLowerCase() === botLogin.toLowerCase()) return asked({ kind: "assignment" });
  return null;
};
