import type { CoordinateStepHost } from "../../src/coordinator/step-access.ts";
import { after } from "../support/after.ts";

/** A step of a job in Actions, with these inputs. Time stands still. */
export const createStepHost = (
  inputs: Readonly<Record<string, string>>,
  over: Pick<CoordinateStepHost, "env"> & Partial<CoordinateStepHost>,
): CoordinateStepHost => ({
  root: "/nowhere",
  readInput: (name) => inputs[name] ?? "",
  setOutput: () => undefined,
  logInfo: () => undefined,
  writeSummary: () => Promise.resolve(),
  maskSecret: () => undefined,
  now: () => 0,
  random: () => 0,
  nonce: () => "n",
  after,
  ...over,
});
