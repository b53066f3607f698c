import { z } from "zod";
import { readRequestBudget } from "../commands/budget-arguments.ts";
import type { CommandKind } from "../domain/command.ts";
import type { Event } from "../domain/event.ts";
import type { Millis, Sha } from "../domain/ids.ts";
import { JOB_TOKEN_BOT } from "../domain/product.ts";
import { readCommandRequests } from "./read-comment.ts";
import { DAY_MS } from "../domain/durations.ts";
import { parseJson } from "../domain/parse-json.ts";

/** The file of a request's commit. */
export const REQUEST_FILE = "request.json";
const MAX_COMMAND_CHARS = 20_000;

const requestSchema = z.object({
  issue: z.int().positive(),
  /** Absent for a request that a rerun of its job repeats: the time of the reading counts instead. */
  at: z.int().nonnegative().optional(),
  command: z.string().max(MAX_COMMAND_CHARS),
  /** A text for agents, if the issue does not contain it. */
  details: z.string().max(MAX_COMMAND_CHARS).optional(),
  /** Tells requests of different jobs apart. */
  nonce: z.string(),
});
export type CiRequest = z.output<typeof requestSchema>;

/** Jobs of CI may ask for work. Decisions such as an approval stay with people. */
const ALLOWED: readonly CommandKind[] = ["do", "plan", "run", "quick", "ask"];

/** The largest lead of the job's clock, in milliseconds. */
const MAX_CLOCK_LEAD_MS = DAY_MS;

/** Reads the request of a job of CI as an event; null if the text is none. */
export const readRequest = (text: string, { commit, now }: { readonly commit: Sha; readonly now: Millis }): Event | null => {
  const read = requestSchema.safeParse(parseJson(text));
  if (!read.success) return null;
  const { issue, at = now, command, details } = read.data;
  if (at > now + MAX_CLOCK_LEAD_MS) return null;
  const requests = readCommandRequests(command, JOB_TOKEN_BOT.login);
  if (requests.length !== 1 || !requests.every((each) => each.ok && ALLOWED.includes(each.command.kind))) return null;
  const by = JOB_TOKEN_BOT.login;
  return {
    kind: "commanded",
    id: `request:${commit}`,
    at,
    issue,
    onPullRequest: false,
    source: { kind: "request", commit, ...(details !== undefined && { details }) },
    by,
    edited: false,
    requests,
  };
};

const WORKFLOW_NAME = /^[a-z0-9][a-z0-9_-]{0,127}$/;

const BUDGET_PATTERN = /^\d{1,7}(?:\.\d{1,2})?$/;

type RequestTexts = { readonly workflow: string; readonly request: string; readonly budget: string };

/**
 * The command that stands for the inputs of a job, in one line; null if they name no work. A budget in US dollars limits a request, not a
 * workflow.
 */
export const composeRequestCommand = ({ workflow, request, budget }: RequestTexts): string | null => {
  if (budget !== "" && (workflow !== "" || !BUDGET_PATTERN.test(budget))) return null;
  if (workflow !== "" && !WORKFLOW_NAME.test(workflow)) return null;
  const line = request.replaceAll(/\s+/g, " ").trim();
  if (workflow !== "") return `/enki run ${workflow} ${line}`.trim();
  if (line === "") return null;
  const limited = `${line}${budget === "" ? "" : ` up to $${budget}`}`;
  return budget !== "" && readRequestBudget(limited).budget === undefined ? null : `/enki fix ${limited}`;
};
