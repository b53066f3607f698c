import { refuse, type Refusal } from "../../domain/refusal.ts";

export const MALFORMED_RESULT_REFUSAL: Refusal = refuse("missing-file", "The result is malformed.").refusal;

export const MISSING_FILE_REFUSAL: Refusal = refuse("missing-file", "A changed file is missing from the result.").refusal;

export const refuseOtherMode = (path: string): Refusal =>
  refuse("other-mode", `The mode of ${path} is not the one that the result states.`).refusal;
