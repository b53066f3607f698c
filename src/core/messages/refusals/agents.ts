import { refuse, type Refusal } from "../../domain/refusal.ts";

export const refuseRepeatedProposal = (kind: string): Refusal =>
  refuse("proposed-already", `a person has not answered an earlier proposal of '${kind}'`).refusal;

export const NOTHING_TO_STOP_REFUSAL: Refusal = refuse("nothing-to-stop", "nothing runs in this repository").refusal;

export const refuseToolRecord = (kind: string): Refusal =>
  refuse("not-available", `its tools may not record '${kind}', or not so often`, "").refusal;

export const refuseMissingExecution = (id: string): Refusal =>
  refuse("unknown-target", `there is no execution ${id}`, "/enki status").refusal;
