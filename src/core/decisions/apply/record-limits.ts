import type { RecordedCommand } from "../../domain/command.ts";
import type { ExecutionId } from "../../domain/ids.ts";
import { type LimitedRecord, RESULT_LIMITS } from "../../domain/usage.ts";

/** Counts the records of a result, also beyond the bounds. */
export const openRecordLimits = (own: ExecutionId) => {
  const taken = new Map<LimitedRecord, number>();
  return {
    /** Whether a record is within its bounds. */
    take: (command: RecordedCommand): boolean =>
      listLimitedKinds(command, own).every((kind) => {
        const count = (taken.get(kind) ?? 0) + 1;
        taken.set(kind, count);
        return count <= RESULT_LIMITS[kind];
      }),
    exceeded: (): Readonly<Partial<Record<LimitedRecord, number>>> =>
      Object.fromEntries([...taken].flatMap(([kind, count]) => (count > RESULT_LIMITS[kind] ? [[kind, count - RESULT_LIMITS[kind]]] : []))),
  };
};

const listLimitedKinds = (command: RecordedCommand, own: ExecutionId): readonly LimitedRecord[] => {
  switch (command.kind) {
    case "create-task":
    case "quick":
      return ["tasks"];
    case "backlog-add":
    case "backlog-update":
    case "backlog-remove":
    case "backlog-pick":
      return ["backlog"];
    case "mail-send":
      return command.to === "user" ? ["mails", "comments"] : ["mails"];
    case "mail-reply":
      return ["mails"];
    case "add-steps":
      return (command.execution ?? own) === own ? [] : ["proposals"];
    case "retry":
    case "pause":
    case "resume":
    case "cancel":
    case "stop":
      return ["proposals"];
    case "propose":
    case "report":
    case "mail-read":
      return [];
  }
};
