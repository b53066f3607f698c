import { handleLines } from "../tools/handle-lines.ts";
import type { SessionDriver, SessionListener, SessionOutcome } from "./agent-session.ts";
import type { HeadlessEvent } from "./agent-preset.ts";
import { parseJsonRecord } from "../../core/domain/parse-json.ts";

/** Plays one prompt turn with a command that reads the prompt and prints a line of JSON for each event. */
export const playHeadlessSession: SessionDriver = (child, { prompt, resume, found }, listener) =>
  new Promise((resolve, reject) => {
    const readEvent = found?.preset.readEvent;
    if (readEvent === undefined) return reject(new Error("an agent without a preset speaks ACP only"));
    handleLines(child.stdout, {
      onLine: (line) => {
        try {
          const parsed = parseJsonRecord(line);
          for (const event of parsed ? readEvent(parsed) : []) {
            const outcome = receiveEvent(event, listener);
            if (outcome) resolve(outcome);
          }
        } catch (error) {
          // JSON that is nested too deeply to be written again. Thrown here, the error would end Enki's process and leave the agent.
          reject(error);
        }
      },
      // The exit code says how a process without a result ended.
      onEnd: () => undefined,
      onTooLong: () => reject(new Error("the agent printed a line that is too long")),
    });
    child.stdin.end(resume?.prompt ?? prompt);
  });

/** Reports an event; returns the session's outcome if the event ends it. */
const receiveEvent = (event: HeadlessEvent, listener: SessionListener): SessionOutcome | null => {
  switch (event.kind) {
    case "update":
      listener.update(event.update);
      return null;
    case "usage":
      listener.usage(event.usage);
      return null;
    case "retry":
      listener.retry(event.text);
      return null;
    case "session":
      listener.session(event.id);
      return null;
    case "finished":
      return { kind: "finished" };
    case "failed":
      return { kind: "failed", why: event.text, isAuth: false };
  }
};
