import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { Plan } from "../../src/core/domain/plan.ts";
import { openBundle } from "../../src/job/job-bundle.ts";
import { runAgentJob } from "../../src/job/run-agent-job.ts";
import type { StepHost } from "../../src/job/step-host.ts";
import { plan, step } from "../support/build.ts";
import { ID, openJobs } from "./stage.ts";

const AGENT = fileURLToPath(new URL("../fixtures/agent.mjs", import.meta.url));
export const JOB = `work/${ID}-fix/1`;

/** An act of the agent in a turn. */
export type Act = Readonly<Record<string, unknown>>;

type CheckedJob = {
  readonly verify?: readonly string[];
  readonly corrections?: number;
  readonly job?: string;
  readonly steps?: Plan;
  readonly files?: Readonly<Record<string, string>>;
  readonly network?: readonly string[];
  readonly before?: (host: StepHost) => void;
  readonly over?: Partial<StepHost>;
};

/** Runs the job of an agent with these acts, in a repository whose jobs check their own work. */
export const work = async (acts: readonly Act[], given: CheckedJob = {}) => {
  const { verify = ["grep good new.txt"], corrections = 1, job = JOB, steps = plan(step("fix")), files, network } = given;
  const agent = [process.execPath, AGENT, ...acts.map((act) => JSON.stringify(act))];
  const stage = await openJobs({ agent, verify, corrections, plan: steps, ...(files && { files }), ...(network && { network }) });
  onTestFinished(() => stage.repo.close());
  const prepared = await stage.prepare(job, given.over);
  given.before?.(prepared.host);
  const ended = await runAgentJob(prepared.host);
  const bundle = await openBundle(prepared.at.bundle);
  if (!bundle.ok) throw new Error(bundle.refusal.message);
  const { report, answer, transcript, content } = bundle.value;
  return {
    ...ended,
    check: report.check,
    failure: report.failure,
    files: report.files.map(({ path }) => path),
    answer,
    transcript,
    log: prepared.log,
    workspace: prepared.host.workspace,
    first: async () => (await content(0))?.toString("utf8"),
    publish: async () => {
      await stage.publish(job, prepared.at.bundle);
      return stage.published(job)?.result;
    },
  };
};
