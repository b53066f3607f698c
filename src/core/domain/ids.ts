import { createHash } from "node:crypto";
import { writeCanonicalJson } from "./canonical-json.ts";

export type Sha = string;
export type Login = string;
/** Milliseconds since the epoch, by the server's clock. */
export type Millis = number;
/** A full ref name: `refs/…`. */
export type RefName = string;
/** The short name of a base branch: `main`. */
export type BranchName = string;
export type ExecutionId = string;
export type StepId = string;
export type TaskId = `${ExecutionId}-${StepId}`;
/** Hex SHA-256 of a value's canonical JSON. */
export type Hash = string;

/** Whether two logins name one account. GitHub ignores their case. */
export const isSameLogin = (one: Login, other: Login): boolean => one.toLowerCase() === other.toLowerCase();

const STEP_ID = /^[a-z0-9][a-z0-9_-]{0,62}$/;
const EXECUTION_ID = /^[0-9a-f]{6,64}$/;

/** Names of object properties (`constructor`) are no step ids: looking them up in a record of steps would find a value. */
export const isStepId = (text: string): boolean => STEP_ID.test(text) && !(text in Object.prototype);
export const isSha = (text: string): boolean => /^[0-9a-f]{40}$/.test(text);

/** JSON with sorted keys, so that equal values give equal text. */
export const toCanonicalJson = (value: unknown): string => {
  let text = "";
  writeCanonicalJson(value, (piece) => (text += piece));
  return text;
};

export const hashValue = (value: unknown): Hash => {
  const sum = createHash("sha256");
  writeCanonicalJson(value, (piece) => sum.update(piece));
  return sum.digest("hex");
};

/** The id of the execution that an event requests: six characters of the event's hash, or more if that id is taken. */
export const deriveExecutionId = (event: string, taken: (id: ExecutionId) => boolean): ExecutionId => {
  const full = createHash("sha256").update(event).digest("hex");
  let length = 6;
  while (length < full.length && taken(full.slice(0, length))) length += 1;
  return full.slice(0, length);
};

export const toTaskId = (execution: ExecutionId, step: StepId): TaskId => `${execution}-${step}`;

/** `null` for any other text. */
export const readTaskId = (text: string): { execution: ExecutionId; step: StepId } | null => {
  const at = text.indexOf("-");
  const execution = text.slice(0, at);
  const step = text.slice(at + 1);
  return at > 0 && EXECUTION_ID.test(execution) && isStepId(step) ? { execution, step } : null;
};
