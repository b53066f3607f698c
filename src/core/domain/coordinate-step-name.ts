/** Commands of the action for jobs without an agent and without code of the repository. */
const COORDINATE_STEP_NAMES = ["gate", "coordinate", "clock", "run", "fix-ci"] as const;
export type CoordinateStepName = (typeof COORDINATE_STEP_NAMES)[number];

export const readCoordinateStep = (command: string): CoordinateStepName | null =>
  COORDINATE_STEP_NAMES.find((name) => name === command) ?? null;
