import { type ExecutionId, readTaskId, toTaskId } from "../../core/domain/ids.ts";
import type { Ledger } from "../../core/domain/ledger.ts";

type FeedbackKey = keyof Ledger["feedback"];

const FEEDBACK_FILE_PREFIX = "feedback-";

const formatFeedbackFile = (step: string, attempt: string): string => `${FEEDBACK_FILE_PREFIX}${step}.${attempt}.json`;

const splitFeedbackKey = (key: string): { execution: ExecutionId; step: string; attempt: string } | null => {
  const [task = "", attempt = ""] = key.split("/");
  const id = readTaskId(task);
  return id && { ...id, attempt };
};

/** Returns null if the key is malformed. */
export const toFeedbackFile = (key: string): { execution: ExecutionId; file: string } | null => {
  const parts = splitFeedbackKey(key);
  return parts && { execution: parts.execution, file: formatFeedbackFile(parts.step, parts.attempt) };
};

/** Returns null if the file holds no feedback. */
export const readFeedbackFile = (execution: ExecutionId, file: string): FeedbackKey | null => {
  const [, step, attempt] = /^feedback-([a-z0-9][a-z0-9_-]*)\.([1-9][0-9]*)\.json$/.exec(file) ?? [];
  return step === undefined ? null : `${toTaskId(execution, step)}/${Number(attempt)}`;
};
