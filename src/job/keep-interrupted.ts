import { checkBundle } from "../core/policy/check-bundle.ts";
import { type CarriedFile, readBundleFiles, toBundleFile, toResultFile } from "./carried-files.ts";
import { cleanText } from "./clean-text.ts";
import type { BundleReport, OpenedBundle } from "./job-bundle.ts";
import { mayEdit } from "./job-environment.ts";
import type { JobSpec } from "./job-spec.ts";
import type { BuiltResult } from "./result-tree.ts";

const MAX_TRANSCRIPT_END_CHARS = 20_000;

type InterruptedBundle = {
  readonly spec: JobSpec;
  readonly bundle: OpenedBundle;
  readonly rules: Parameters<typeof checkBundle>[1];
  /** See JobSpec.keepsSession. */
  readonly keepsSession: boolean;
};

/** The result of an interrupted attempt with its work for the next attempt; any other result unchanged. */
export const keepInterrupted = async (interrupted: InterruptedBundle, built: BuiltResult): Promise<BuiltResult> => {
  if (interrupted.spec.kind !== "work" || !isInterrupted(interrupted.bundle.report)) return built;
  const kept = await readKeptFiles(interrupted);
  const transcriptEnd = cleanText(interrupted.bundle.transcript).slice(-MAX_TRANSCRIPT_END_CHARS);
  const result = kept.length === 0 ? built.result : { ...built.result, kept: kept.map(toResultFile) };
  const session = interrupted.keepsSession ? interrupted.bundle.session : null;
  return { ...built, result, kept, ...(transcriptEnd !== "" && { transcriptEnd }), ...(session && { session }) };
};

/** Whether the agent was stopped before it finished; its own "I could not do it" is no interruption. */
const isInterrupted = ({ end, failure }: BundleReport): boolean => end === "timed-out" || end === "crashed" || failure !== null;

/** The files of an interrupted attempt that the policy permits; none if they are too many. Links have no content and are left out. */
const readKeptFiles = async ({ spec, bundle, rules }: InterruptedBundle): Promise<CarriedFile[]> => {
  if (!mayEdit(spec)) return [];
  const permitted: CarriedFile[] = [];
  // A lock file is judged beside its manifest, so not alone.
  const alone = { ...rules, anyLockFiles: true };
  for await (const file of readBundleFiles(bundle)) if (file && checkBundle([toBundleFile(file)], alone).ok) permitted.push(file);
  return checkBundle(permitted.map(toBundleFile), rules).ok ? permitted : [];
};
