import { findPreset, translateToolNames } from "./agent/find-preset.ts";
import { sortMailsByTime, isMailExpired } from "../core/domain/mail.ts";
import { renderNetworkPart } from "../core/messages/network-text.ts";
import { renderPrompt } from "../core/messages/agent-prompt.ts";
import type { PromptInput } from "../core/messages/prompt-input.ts";
import { makesArtifact, mayEdit, writesReport } from "./job-environment.ts";
import type { JobSpec } from "./job-spec.ts";
import type { StepHost } from "./step-host.ts";
import { hasStepTexts, findIssueFile, formatTextPath, type StepTexts } from "./step-texts.ts";
import { EARLIER_WORK_REF, INTERRUPTED_WORK_REF } from "./job-workspace.ts";

/** Renders the only prompt that a job's agent receives. */
export const renderJobPrompt = (host: StepHost, spec: JobSpec, texts: StepTexts): string =>
  [renderTaskPrompt(host, spec, texts), ...(spec.network ? [renderNetworkPart(spec.network)] : [])].join("\n\n");

const renderTaskPrompt = (host: StepHost, spec: JobSpec, texts: StepTexts): string =>
  renderPrompt({
    ...selectPromptTask(spec),
    ...selectPromptContext(spec, texts),
    ...selectPromptRights(spec, texts),
    kind: spec.kind === "verify" ? "work" : spec.kind,
    nonce: host.nonce,
    mails: sortMailsByTime(spec.mails.filter((mail) => !isMailExpired(mail, host.now()))),
    roles: Object.values(spec.roles)
      .filter(({ name }) => name !== "planner" && name !== "merger")
      .map(({ name, description, canEdit, output }) => ({ name, description, canEdit, output })),
    maxSteps: spec.maxSteps,
    protectedPaths: spec.protectedPaths,
    ...(spec.maxCostUsd !== undefined && { maxCostUsd: spec.maxCostUsd }),
    ...(spec.limits && { limits: spec.limits }),
  });

type PromptTask = Pick<PromptInput, "request" | "brief" | "amendment" | "revision" | "role" | "step" | "workflow" | "plan">;

const selectPromptTask = ({ step, nodeRun, plan, states, role, request, brief, amendment, revision }: JobSpec): PromptTask => ({
  request,
  brief,
  amendment: amendment,
  revision,
  role: role?.systemPrompt ?? null,
  step: step && { id: step.id, title: step.title, task: step.description, checkpoint: step.checkpoint, paths: step.paths },
  workflow: nodeRun?.workflow ?? null,
  plan: (plan?.steps ?? []).map(({ id, title }) => ({ id, title, state: states[id] ?? "pending" })),
});

type PromptContext = Pick<
  PromptInput,
  "interrupted" | "feedback" | "upstream" | "artifacts" | "texts" | "issue" | "lastFailure" | "earlier" | "conflict"
>;

const selectPromptContext = (spec: JobSpec, texts: StepTexts): PromptContext => ({
  upstream: spec.upstream,
  artifacts: spec.artifacts,
  texts: hasStepTexts(spec) ? formatTextPath(texts, texts.directory) : null,
  issue: findIssueFile(texts, spec),
  feedback: spec.feedback,
  lastFailure: spec.lastFailure,
  ...(spec.interrupted && {
    interrupted: {
      ref: INTERRUPTED_WORK_REF,
      files: spec.interrupted.files,
      transcriptEnd: spec.interrupted.transcriptEnd,
      isContinued: spec.interrupted.isContinued === true,
    },
  }),
  earlier: spec.earlier && { kind: spec.earlier.kind, name: EARLIER_WORK_REF },
  conflict: spec.conflict && { baseBranch: spec.baseBranch, ...spec.conflict },
});

type PromptRights = Pick<PromptInput, "canEdit" | "canAsk" | "report" | "tools" | "verify" | "timeoutMs">;

const selectPromptRights = (spec: JobSpec, texts: StepTexts): PromptRights => ({
  canEdit: mayEdit(spec),
  canAsk: spec.toolSet === "worker",
  report: makesArtifact(spec) ? { path: writesReport(spec) ? formatTextPath(texts, texts.report) : null } : null,
  tools: spec.tools && translateToolNames(findPreset(spec.agent), spec.tools),
  verify: spec.verify,
  timeoutMs: spec.timeoutMs,
});
