/** When a recorded command takes effect. */
export const TAKES_EFFECT_LATER = "recorded, takes effect when this job's result is accepted";

export const NEEDS_CONFIRMATION = "recorded as a proposal when this job's result is accepted; it has no effect until a person confirms it";
