import { composeRequestCommand } from "../core/events/read-request.ts";
import { takeLastChars } from "../core/domain/visible-text.ts";
import { MAX_DETAIL_CHARS, renderRequestIssue } from "../core/messages/ci-request.ts";
import { writeMarker } from "../core/messages/comment-marker.ts";
import { createRequestKey, isRerun } from "./request-key.ts";
import { postRequest, toRunUrl } from "./post-request.ts";
import { type CoordinateStepHost, openStepAccess, requireValue, type StepAccess } from "./step-access.ts";

export const NO_WORK =
  "there is nothing to do: set `workflow`, or `request`; `budget` is an amount in US dollars, such as 5, and needs a request without `workflow`";

/** Asks for work from a job of CI, and may wait for its end. */
export const runRequestStep = async (host: CoordinateStepHost): Promise<string | null> => {
  const [workflow, request, details] = [host.readInput("workflow"), host.readInput("request"), host.readInput("details")];
  const command = composeRequestCommand({ workflow, request, budget: host.readInput("budget") });
  if (command === null) return NO_WORK;
  const access = await openStepAccess(host);
  const given = readIssueInput(host);
  if (given !== null) return postRequest(host, access, { issue: given, command, details: takeLastChars(details, MAX_DETAIL_CHARS) });
  const title = (request === "" ? `Run ${workflow}` : request).replaceAll(/\s+/g, " ").trim();
  const marker = writeMarker({ kind: "ci", id: createRequestKey(host, command) });
  const body = `${marker}\n${renderRequestIssue({ request, details, run: toRunUrl(host) })}`;
  const earlier = isRerun(host) ? await findEarlierIssue(access, marker) : null;
  const issue = earlier ?? (await openRequestIssue(access, { title, body }));
  return postRequest(host, access, { issue, command, details: "" });
};

/** The issue from an earlier attempt of the job; null without an issue. */
const findEarlierIssue = async ({ ci, self }: StepAccess, marker: string): Promise<number | null> => {
  const issues = requireValue("the issues were not read", await ci.issues({ by: self, state: "all" }));
  return issues.find(({ body }) => body.startsWith(marker))?.issue ?? null;
};

const readIssueInput = (host: CoordinateStepHost): number | null => {
  const given = host.readInput("issue");
  if (given === "") return null;
  if (!/^[1-9]\d{0,9}$/.test(given)) throw new Error(`'${given}' is not an issue number`);
  return Number(given);
};

const MAX_TITLE_CHARS = 100;

/** Opens the issue for reports on a request. Its text contains the details. */
export const openRequestIssue = async ({ ci }: StepAccess, { title, body }: { title: string; body: string }): Promise<number> =>
  requireValue("the issue was not opened", await ci.createIssue({ title: title.slice(0, MAX_TITLE_CHARS), body }));
