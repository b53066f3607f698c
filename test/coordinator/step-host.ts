import type { CoordinateStepHost } from "../../src/coordinator/step-access.ts";
import { after } from "../support/after.ts";

/** Creates the host of a job's step in Actions, with these inputs. The time does not advance. */
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
