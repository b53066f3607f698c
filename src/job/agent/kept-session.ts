import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { PRESET_NAMES } from "../../core/domain/agent-command.ts";
import type { AgentFailureCode } from "../../core/domain/agent-failure.ts";
import { redactJson } from "../../core/policy/secrets.ts";
import type { JobSandbox } from "../sandbox/job-sandbox.ts";
import type { FoundPreset } from "./find-preset.ts";
import type { AgentEnd } from "./run-agent.ts";

/** A longer session is not kept. */
const MAX_SESSION_CHARS = 5_000_000;
/** An id becomes part of a path and of a command line. */
const SESSION_ID_PATTERN = /^[0-9a-f][0-9a-f-]{7,63}$/;

const keptSessionSchema = z.strictObject({
  preset: z.enum(PRESET_NAMES),
  id: z.string().regex(SESSION_ID_PATTERN),
  /** The working directory of the session, which its lines name. */
  workspace: z.string().startsWith("/"),
  lines: z.string().max(MAX_SESSION_CHARS),
});

/** An agent's session as the agent itself stores it, in lines of JSON, for the next attempt of the same step. */
export type KeptSession = z.output<typeof keptSessionSchema>;

/** Reads a stored session; null for any other text, and for a session that contains a credential. */
export const parseKeptSession = (text: string): KeptSession | null => {
  try {
    const read = keptSessionSchema.safeParse(JSON.parse(text));
    return read.success && isFreeOfSecrets(read.data.lines, []) ? read.data : null;
  } catch {
    return null;
  }
};

/** The place of the sessions of one working directory. */
type SessionPlace = {
  readonly found: FoundPreset | null;
  readonly env: Readonly<Record<string, string>>;
  readonly home: string;
  readonly cwd: string;
};

/** The path of a session's file; null if the agent does not keep its sessions in one file of this home. */
const findSessionFile = async ({ found, env, home, cwd }: SessionPlace, id: string): Promise<string | null> => {
  const { preset } = found ?? {};
  if (!preset || preset.sessions === null || env["HOME"] !== home || env[preset.sessions.homeVariable] !== undefined) return null;
  const path = preset.sessions.toPath(await realpath(cwd), id);
  return path === null ? null : join(home, path);
};

/** After these failures, an agent continues where it stopped. After others, a continued session would fail in the same way. */
const CONTINUED_FAILURES: readonly AgentFailureCode[] = ["auth", "quota", "overloaded", "idle", "timed-out", "interrupted"];

/** The path of the file in which the agent itself stored a session; null if there is none. */
const findStoredFile = async (ended: EndedSession, id: string): Promise<string | null> => {
  const path = await findSessionFile(ended, id);
  const search = ended.found?.preset.sessions?.search;
  if (path === null || search === undefined) return path;
  const directory = join(ended.home, search.directory);
  const files = await ended.listFiles(directory).catch(() => []);
  const stored = files.find((each) => search.isFile(each, id));
  return stored === undefined ? null : join(directory, stored);
};

type EndedSession = SessionPlace & {
  readonly end: Pick<AgentEnd, "failure" | "sessionId">;
  readonly secrets: readonly string[];
} & Pick<JobSandbox, "readFile" | "listFiles">;

/** Reads the session of an interrupted attempt. Returns null if it cannot be continued, or if it contains a secret. */
export const readKeptSession = async (ended: EndedSession): Promise<KeptSession | null> => {
  const { found, cwd, end, secrets, readFile } = ended;
  const { sessionId: id, failure } = end;
  if (!found || id === null || !SESSION_ID_PATTERN.test(id) || !failure || !CONTINUED_FAILURES.includes(failure.code)) return null;
  const path = await findStoredFile(ended, id);
  const content = path === null ? "" : await readFile(path).then(String, () => "");
  // The end may be half a line.
  const lines = content.slice(0, content.lastIndexOf("\n") + 1);
  if (lines === "" || lines.length > MAX_SESSION_CHARS || !isFreeOfSecrets(lines, secrets)) return null;
  return { preset: found.preset.name, id, workspace: await realpath(cwd), lines };
};

/** A session with a changed word would no longer be the model's own, so a session with a secret is not kept at all. */
const isFreeOfSecrets = (lines: string, secrets: readonly string[]): boolean => {
  try {
    return lines.split("\n").every((line) => {
      if (line === "") return true;
      const value: unknown = JSON.parse(line);
      return redactJson(value, secrets) === JSON.stringify(value);
    });
  } catch {
    return false;
  }
};

type RestoredSession = SessionPlace & { readonly session: KeptSession; readonly writeFile: JobSandbox["writeFile"] };

/** Gives an agent the session of the attempt before. Returns the session's id, or null if this agent cannot continue it. */
export const restoreSession = async (restored: RestoredSession): Promise<string | null> => {
  const { session, found, cwd, writeFile } = restored;
  if (found?.preset.name !== session.preset) return null;
  const path = await findSessionFile(restored, session.id);
  const workspace = await realpath(cwd);
  // A path that JSON escapes cannot be replaced in lines of JSON.
  if (path === null || [workspace, session.workspace].some((each) => JSON.stringify(each) !== `"${each}"`)) return null;
  const parts = session.lines.split(session.workspace);
  // A forged session can consist of the name of its directory.
  if (session.lines.length + (parts.length - 1) * (workspace.length - session.workspace.length) > MAX_SESSION_CHARS) return null;
  await writeFile(path, parts.join(workspace), "private");
  return session.id;
};
