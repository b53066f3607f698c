import { refuse, type Refusal } from "../../domain/refusal.ts";

export const refuseRepeatedProposal = (kind: string): Refusal =>
  refuse("proposed-already", `a person has not answered an earlier proposal of '${kind}'`).refusal;

export const NOTHING_TO_STOP_REFUSAL: Refusal = refuse("nothing-to-stop", "nothing runs in this repository").refusal;
