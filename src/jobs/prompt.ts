import { dialectOf, toolNames } from "../agent/dialect.ts";
import { byTime, isExpired } from "../model/mail.ts";
import { renderPrompt } from "../render/prompt.ts";
import type { PromptInput } from "../render/prompt-input.ts";
import { makesArtifact, mayEdit, writesReport } from "./environment.ts";
import type { JobSpec } from "./spec.ts";
import type { StepHost } from "./step-host.ts";
import { hasTexts, issueFile, shownPath, type Texts } from "./texts.ts";
import { EARLIER } from "./workspace.ts";

/** The one message that a job's agent gets. */
export const promptOf = (host: StepHost, spec: JobSpec, texts: Texts): string =>
  renderPrompt({
    ...task(spec),
    ...before(spec, texts),
    ...rights(spec, texts),
    kind: spec.kind === "verify" ? "work" : spec.kind,
    nonce: host.nonce,
    mails: byTime(spec.mails.filter((mail) => !isExpired(mail, host.now()))),
    roles: Object.values(spec.roles)
      .filter(({ name }) => name !== "planner" && name !== "merger")
      .map(({ name, description, canEdit, output }) => ({ name, description, canEdit, output })),
    maxSteps: spec.maxSteps,
  });

type Task = Pick<PromptInput, "request" | "brief" | "adding" | "revision" | "role" | "step" | "workflow" | "plan">;

const task = ({ step, piece, plan, states, role, request, brief, adding, revision }: JobSpec): Task => ({
  request,
  brief,
  adding,
  revision,
  role: role?.systemPrompt ?? null,
  step: step && { id: step.id, title: step.title, task: step.description, checkpoint: step.checkpoint, paths: step.paths },
  workflow: piece?.workflow ?? null,
  plan: (plan?.steps ?? []).map(({ id, title }) => ({ id, title, state: states[id] ?? "pending" })),
});

type Before = Pick<PromptInput, "feedback" | "upstream" | "artifacts" | "texts" | "issue" | "lastFailure" | "earlier" | "conflict">;

const before = (spec: JobSpec, texts: Texts): Before => ({
  upstream: spec.upstream,
  artifacts: spec.artifacts,
  texts: hasTexts(spec) ? shownPath(texts, texts.directory) : null,
  issue: issueFile(texts, spec),
  feedback: spec.feedback,
  lastFailure: spec.lastFailure,
  earlier: spec.earlier && { kind: spec.earlier.kind, name: EARLIER },
  conflict: spec.conflict && { base: spec.branch, ...spec.conflict },
});

type Given = Pick<PromptInput, "canEdit" | "canAsk" | "report" | "tools" | "verify" | "timeout">;

const rights = (spec: JobSpec, texts: Texts): Given => ({
  canEdit: mayEdit(spec),
  canAsk: spec.toolSet === "worker",
  report: makesArtifact(spec) ? { path: writesReport(spec) ? shownPath(texts, texts.report) : null } : null,
  tools: spec.tools && toolNames(dialectOf(spec.agent), spec.tools),
  verify: spec.verify,
  timeout: spec.timeout,
});
