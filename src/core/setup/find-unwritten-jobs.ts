import { CLAIMED } from "./set-up-step.ts";

/** Names the keys of `[jobs]` that a workflow file does not follow, because `enki init` has not run since somebody changed them. */
export const findUnwrittenJobs = (present: string, wanted: string): string[] => {
  const [is, should] = [readWrittenJobs(present), readWrittenJobs(wanted)];
  const machinesDiffer = [...should.machines].some(([job, line]) => is.machines.has(job) && is.machines.get(job) !== line);
  return [
    ...(machinesDiffer ? ["runs_on"] : []),
    ...(is.services === should.services ? [] : ["services"]),
    ...(is.setup === should.setup ? [] : ["setup"]),
    ...(is.verifySetup === should.verifySetup ? [] : ["verify_setup"]),
  ];
};

/** The parts of a workflow file that come from `[jobs]`. */
type WrittenJobs = {
  readonly machines: ReadonlyMap<string, string>;
  readonly services: string;
  readonly setup: string;
  readonly verifySetup: string;
};

const readWrittenJobs = (workflow: string): WrittenJobs => {
  const jobs = new Map(
    workflow
      .split(/^ {2}(?=\w+:\n)/m)
      .slice(1)
      .map((job) => [job.slice(0, job.indexOf(":")), job] as const),
  );
  const [ofAgent, ofVerify] = [listOwnSteps(jobs.get("agent"), "work"), listOwnSteps(jobs.get("verify"), "verify")];
  const machines = [...jobs].flatMap(([name, job]) => {
    const [line] = /^ {4}runs-on: .*$/m.exec(job) ?? [];
    return line === undefined ? [] : [[name, line] as const];
  });
  return {
    machines: new Map(machines),
    services: /^ {4}services:\n(?: {6}.*\n?)+/m.exec(workflow)?.[0].trimEnd() ?? "",
    setup: ofAgent.join("\n"),
    verifySetup: ofVerify.slice(ofAgent.length).join("\n"),
  };
};

/** A step that `enki init` derives from the project or the agent. */
const DERIVED_STEP = new RegExp(`^name: .*\\n +if: ${CLAIMED.replaceAll(".", "\\.")}\\n`);

/** A person's steps in a job: between the step that claims the job and the step with its work. */
const listOwnSteps = (job = "", work: string): string[] => {
  const steps = job.split(/^ {6}- /m).map((step) => step.trimEnd());
  const start = steps.findIndex((step) => step.startsWith("id: prepare\n"));
  const end = steps.findIndex((step) => step.startsWith(`id: ${work}\n`));
  return start < 0 || end < start ? [] : steps.slice(start + 1, end).filter((step) => !DERIVED_STEP.test(`${step}\n`));
};
