import { readFile } from "node:fs/promises";
import { redact } from "../policy/secrets.ts";
import { EMPTY_BUNDLE, writeBundle } from "./bundle.ts";
import { commandEnv } from "./environment.ts";
import { runShell, setDeadline } from "./shell.ts";
import { type JobSpec, places } from "./spec.ts";
import type { StepHost } from "./step-host.ts";

const KEPT_LINES = 60;
const LONGEST_LINE = 1_000;

/**
 * Runs the commands that verify a candidate, one after the other, in the order of the configuration; false at the first that fails, and where there is none.
 * The verdict is the conclusion that the job gets from this; what is left in the bundle is words for people.
 */
export const verifyJob = async (host: StepHost): Promise<boolean> => {
  const at = places(host.temp);
  // Written by prepare, in this job, before anything of the repository could run.
  const spec = JSON.parse(await readFile(at.spec, "utf8")) as JobSpec;
  const lines: string[] = [];
  const tell = (text: string): void => {
    host.log(text);
    if (lines.push(redact(text).slice(0, LONGEST_LINE)) > KEPT_LINES) lines.shift();
  };
  const passed = await verify(host, spec, tell);
  await writeBundle(at.bundle, { ...EMPTY_BUNDLE, end: passed ? "success" : "failed", output: lines.join("\n") });
  return passed;
};

const verify = async (host: StepHost, spec: JobSpec, tell: (text: string) => void): Promise<boolean> => {
  if (spec.verify.length === 0) {
    tell("There is nothing to verify with: .enki/enki.toml has no [refinery] verify, or cannot be read, and nothing lands unverified.");
    return false;
  }
  const env = await commandEnv(host.env, places(host.temp));
  const { workspace: cwd, after } = host;
  // The coordinator waits this long for the whole job.
  const deadline = setDeadline(after, spec.timeout);
  try {
    for (const command of spec.verify) {
      tell(`$ ${command}`);
      const end = await runShell({ command, cwd, env, deadline, after, line: (text) => tell(`| ${text}`) });
      if (end.how === "passed") continue;
      tell(`the command ${end.why}`);
      return false;
    }
    return true;
  } finally {
    deadline.cancel();
  }
};
