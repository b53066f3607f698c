import { type ExecutionId, readTaskId, taskId } from "../model/ids.ts";
import type { Ledger } from "../model/ledger.ts";

type FeedbackKey = keyof Ledger["feedback"];

const START = "feedback-";

/** Where the feedback of an attempt is, in the folder of its execution: `feedback-<step>.<attempt>.json`. */
const fileOf = (step: string, attempt: string): string => `${START}${step}.${attempt}.json`;

const partsOf = (key: string): { execution: ExecutionId; step: string; attempt: string } | null => {
  const [task = "", attempt = ""] = key.split("/");
  const id = readTaskId(task);
  return id && { ...id, attempt };
};

/** The file of a key; null for what is none. */
export const feedbackFile = (key: string): { execution: ExecutionId; file: string } | null => {
  const parts = partsOf(key);
  return parts && { execution: parts.execution, file: fileOf(parts.step, parts.attempt) };
};

/** The key of a file in the folder of an execution; null for another file. */
export const readFeedbackFile = (execution: ExecutionId, file: string): FeedbackKey | null => {
  const [, step, attempt] = /^feedback-([a-z0-9][a-z0-9_-]*)\.([1-9][0-9]*)\.json$/.exec(file) ?? [];
  return step === undefined ? null : `${taskId(execution, step)}/${Number(attempt)}`;
};
