import { createExecution } from "../../src/core/domain/execution-lifecycle.ts";
import type { Execution } from "../../src/core/domain/execution.ts";
import type { Mail } from "../../src/core/domain/mail.ts";
import { emptyQueue } from "../../src/core/domain/queue.ts";
import { createStep } from "../../src/core/domain/step.ts";
import { parseComment } from "../../src/core/commands/parse-comment.ts";
import { renderBacklogBody, renderBacklogTitle } from "../../src/core/messages/backlog-text.ts";
import { formatLandingMessage, formatSquashMessage, formatWorkMessage } from "../../src/core/messages/commit-messages.ts";
import { renderExecutionComment } from "../../src/core/messages/execution-comment.ts";
import { renderMailComment } from "../../src/core/messages/mail-comment.ts";
import { renderPlanPages } from "../../src/core/messages/plan-page.ts";
import { type PullBodyInput, renderPullBody, renderPullTitle } from "../../src/core/messages/pull-text.ts";
import { renderThreadAnswer } from "../../src/core/messages/thread-answers.ts";
import { renderReason } from "../../src/core/messages/refusal-page.ts";
import { findLive, findLiveWords } from "../core/messages/find-live.ts";
import { plan as planOf, step } from "../support/build.ts";
import { attackFamily, type AttackEnd } from "./attack-family.ts";
import { HOSTILE_MARKUP } from "./hostile-markup.ts";

const EXECUTION = createExecution({
  id: "abc123",
  issue: 1,
  onPullRequest: false,
  requestedBy: "maintainer",
  request: "r",
  baseBranch: "main",
  createdAt: 0,
  state: "proposed",
  planning: { attempt: 1, faults: 0, notBefore: 0, deadline: null },
  plan: "f".repeat(64),
});

const comment = (steps: Parameters<typeof planOf>, over: Partial<Execution> = {}): string =>
  renderExecutionComment({
    execution: { ...EXECUTION, ...over },
    plan: planOf(...steps),
    grown: null,
    brief: null,
    queue: emptyQueue,
    reports: {},
  });

/** Nodes of Enki's own sentences. */
const OWN_NODES = ["heading", "strong"];

/** Enki's own link to the paragraph of a refusal. */
const OWN_CODE_LINK = renderReason({ code: "x", message: "", next: "" });

const judge = (markdown: string): AttackEnd => {
  // Enki's own alert, one link to the refusal's paragraph, and its own references to its issue.
  const live = findLive(markdown.replace(OWN_CODE_LINK, "").replaceAll(/^> \[!CAUTION\]\n|(?<=for |on )#1\b/gm, ""), OWN_NODES);
  if (live.length > 0) return { through: live.join("; ") };
  const commands = parseComment(markdown);
  return commands.length > 0 ? { through: JSON.stringify(commands) } : { stopped: "inert-text" };
};

const PROGRESS_URL = "https://github.example/acme/shop/issues/1";

/** Ignores Enki's own link and the list around the only command, which do not come from the text. */
const judgePull = (markdown: string): AttackEnd => judge(markdown.replace(`[progress](${PROGRESS_URL})`, "").replace(/^- `/m, "`"));

/** Lines of a diagram by Enki; no other line may appear. */
const DIAGRAM_LINE =
  /^(?:graph LR| {2}n\d+(?:\["(?:[a-zA-Z0-9 ]|[^\0-\u007f]|#\d+;)*"\]|\{\{"(?:[a-zA-Z0-9 ]|[^\0-\u007f]|#\d+;)*"\}\})(?::::\w+)?| {2}n\d+ --> n\d+| {2}classDef \w+ [\w:#,]+)$/;

const judgeDiagram = (markdown: string): AttackEnd => {
  const [, diagram = ""] = /^```mermaid\n([^]*?)\n```$/m.exec(markdown) ?? [];
  const strange = diagram.split("\n").filter((line) => !DIAGRAM_LINE.test(line));
  return strange.length > 0 ? { through: strange.join("\n") } : { stopped: "inert-diagram" };
};

/** Judges a message's first line, on which GitHub acts, and its trailers: only Enki's own are allowed. */
const judgeMessage = (message: string): AttackEnd => {
  const own = /^Enki-(?:Task|Execution|Head): [\w-]+$/;
  const lines = message.split("\n");
  const strange = lines.slice(1).filter((line) => line !== "" && !own.test(line));
  const live = [...strange, ...findLiveWords((lines[0] ?? "").replace(/ \(#7\)$/, ""))];
  return live.length > 0 ? { through: live.join("; ") } : { stopped: "inert-message" };
};

const MAIL: Mail = {
  id: "0123456789",
  execution: "abc123",
  from: "worker/abc123-fix",
  to: "user",
  subject: "s",
  body: "b",
  priority: "normal",
  type: "request",
  status: "pending",
  thread: "0123456789",
  replyTo: null,
  at: 0,
  expires: null,
  read: false,
};

const other = step("other");
const context = (over: Parameters<typeof step>[1]) => ({ execution: EXECUTION, step: step("fix", over), suffix: "" });
const head = "a".repeat(40);
const pullOf = (text: string): PullBodyInput => ({
  execution: EXECUTION,
  planned: step("fix", { title: text, description: text }),
  step: { ...createStep("fix"), state: "failed", output: text, lastFailure: text, refusal: { code: "x", message: text, next: "" } },
  terms: undefined,
  commands: [text],
  progressUrl: PROGRESS_URL,
  repositoryUrl: "https://github.example/acme/shop",
});

const PLACES: Readonly<Record<string, (text: string) => AttackEnd>> = {
  "a step's title in a comment": (text) => judge(comment([step("fix", { title: text }), other])),
  "a step's title in a diagram": (text) => judgeDiagram(comment([step("fix", { title: text, checkpoint: text.length % 2 === 0 }), other])),
  "a step's description": (text) => judge(comment([step("fix", { description: text }), other])),
  "a request": (text) => judge(comment([other], { request: text })),
  "a failure's reason": (text) => judge(comment([], { state: "failed", refusal: { code: "x", message: text, next: "" } })),
  "a page of a plan": (text) =>
    judge(
      Object.values(
        renderPlanPages({ execution: "abc123", hash: head, added: [step("fix", { title: text, description: text })], approved: [] }) ?? {},
      ).join("\n\n"),
    ),
  "a mail's subject and body": (text) => judge(renderMailComment({ ...MAIL, subject: text, body: text }, "helper[bot]")),
  "a backlog issue": (text) => judge(renderBacklogBody(text)),
  "a backlog issue's title": (text) => judgeMessage(renderBacklogTitle(text)),
  "a pull request's text": (text) => judgePull(renderPullBody(pullOf(text))),
  "a pull request's title": (text) => judgeMessage(renderPullTitle({ planned: step("fix", { title: text }) })),
  "an answer in a review": (text) => judge(renderThreadAnswer({ comment: 1, addressed: true, text }, null)),
  "a commit of work": (text) => judgeMessage(formatWorkMessage(context({ title: text }))),
  "a landing commit": (text) => judgeMessage(formatLandingMessage({ ...context({ title: text }), head })),
  "a squashed commit": (text) => {
    const { title, message } = formatSquashMessage({ ...context({ title: text }), head }, 7);
    return judgeMessage(`${title}\n\n${message}`);
  },
};

const variants = Object.fromEntries(
  Object.entries(PLACES).flatMap(([place, run]) =>
    Object.entries(HOSTILE_MARKUP).map(([name, text]) => [`${name} in ${place}`, { text, run }] as const),
  ),
);

attackFamily("plans", variants, ({ text, run }) => run(text));
