import { mkdir, readFile } from "node:fs/promises";
import { GitError } from "../git/run.ts";
import { matches } from "../policy/glob.ts";
import { type BundleEnd, EMPTY_BUNDLE, type NewBundle, writeBundle } from "./bundle.ts";
import { mayEdit } from "./environment.ts";
import { judge } from "./judge.ts";
import { isCommand, type JobSpec, places, startOf } from "./spec.ts";
import type { StepHost } from "./step-host.ts";
import { isText, layTexts } from "./texts.ts";
import { secretsOf, workIn } from "./work.ts";
import { type Changed, changedFiles } from "./workspace.ts";

/** Lets an agent, or the step's own command, work in the workspace, and leaves a bundle. Needs no token and has none. */
export const agentJob = async (host: StepHost): Promise<{ end: BundleEnd; why: string }> => {
  const at = places(host.temp);
  // Written by prepare, in this job, before anything of the repository or an agent could run.
  const spec = JSON.parse(await readFile(at.spec, "utf8")) as JobSpec;
  const bundle = spec.unfit === null ? await work(host, spec) : emptyBundle(spec.unfit);
  await writeBundle(at.bundle, bundle);
  return { end: bundle.end, why: bundle.why };
};

const emptyBundle = (why: string): NewBundle => ({ ...EMPTY_BUNDLE, end: "failed", why });

const work = async (host: StepHost, spec: JobSpec): Promise<NewBundle> => {
  await mkdir(host.workspace, { recursive: true });
  const texts = await layTexts(host, spec);
  const worked = await workIn(host, spec, texts);
  const found = await readChanges(host, spec);
  const left = mayEdit(spec) ? { changed: found, thrown: [] } : { changed: [], thrown: typeof found === "string" ? [] : found };
  return judge({ spec, artifact: texts.report, worked, ...left, secrets: secretsOf(host) });
};

const isPartOf = ({ conflict }: JobSpec, path: string): boolean =>
  conflict?.conflicts.some((each) => each.path === path) === true || conflict?.also.some((glob) => matches(glob, path)) === true;

/** What the workspace changed; a sentence where git cannot read it, as with a repository inside of it that has no commit. */
const readChanges = async ({ workspace, temp, after }: StepHost, spec: JobSpec): Promise<Changed[] | string> => {
  try {
    const all = await changedFiles({ directory: workspace, after }, places(temp).clone, { workspace, base: startOf(spec) });
    const changed = all.filter(({ path }) => !isText(spec, path));
    // What a command leaves beside the files that it is to make is nobody's work.
    return isCommand(spec) && spec.conflict ? changed.filter(({ path }) => isPartOf(spec, path)) : changed;
  } catch (error) {
    if (error instanceof GitError) return error.message;
    throw error;
  }
};
