import type { JobResult } from "../domain/job.ts";
import { redactJson, redactSecrets } from "./secrets.ts";

/** A result without credentials in texts and commands. Paths stay: the judgement of files refuses credentials in names. */
export const redactResult = (result: JobResult): JobResult => {
  const { reason, answer, output, artifact, outcome, replies, tools, failures } = result;
  // Redaction changes strings only, so the shape is unchanged.
  const records = JSON.parse(redactJson({ outcome, replies, tools, failures })) as Pick<
    JobResult,
    "outcome" | "replies" | "tools" | "failures"
  >;
  return {
    ...result,
    ...records,
    reason: redactSecrets(reason),
    answer: redactSecrets(answer),
    output: redactSecrets(output),
    artifact: artifact === null ? null : redactSecrets(artifact),
  };
};
