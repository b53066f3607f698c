import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { PRESET_NAMES } from "../core/domain/agent-command.ts";
import { findHome } from "./find-home.ts";
import type { TerminalHost } from "./terminal-host.ts";
import { parseJson } from "../core/domain/parse-json.ts";

const agentSchema = z.object({
  preset: z.enum(PRESET_NAMES).exactOptional(),
  command: z.string(),
  args: z.array(z.string()).readonly(),
  env: z.record(z.string(), z.string()).exactOptional(),
});

const runSchema = z.object({
  request: z.string(),
  workflow: z.string().nullable(),
  agent: agentSchema.nullable(),
  verify: z.array(z.string()).readonly(),
  yes: z.boolean(),
  issue: z.number().nullable(),
  execution: z.string().nullable(),
  /** The person's branch with the landed work; null before the first landing. */
  landedBranch: z.string().nullable(),
  /** Whether only the plan exists, kept because nobody could approve it. Records of earlier versions do not say. */
  isKeptPlan: z.boolean().default(false),
});

const recordSchema = z.object({
  kind: z.enum(["run", "local"]),
  id: z.string().regex(/^[a-z0-9]+$/),
  /** The person's repository. */
  repository: z.string(),
  /** The directory of the machine. */
  directory: z.string(),
  owner: z.string(),
  name: z.string(),
  branch: z.string(),
  /** The commit of the branch when the machine started. */
  start: z.string(),
  url: z.string(),
  apiUrl: z.string(),
  token: z.string(),
  pid: z.number(),
  run: runSchema.nullable(),
});

/** A local GitHub of this person, for other terminals and for `enki run --resume`. */
export type MachineRecord = z.output<typeof recordSchema>;
export type RunRecord = z.output<typeof runSchema>;

/** Only the person can read this directory, because a record contains a token. */
export const recordsDirectory = ({ env }: Pick<TerminalHost, "env">): string =>
  join(env["XDG_STATE_HOME"] ?? join(findHome({ env }), ".local", "state"), "enki", "machines");

export const writeMachineRecord = async (terminal: TerminalHost, record: MachineRecord): Promise<void> => {
  const directory = recordsDirectory(terminal);
  const path = join(directory, `${record.id}.json`);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeFile(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
  await rename(`${path}.new`, path);
};

export const removeMachineRecord = (terminal: TerminalHost, { id }: Pick<MachineRecord, "id">): Promise<void> =>
  rm(join(recordsDirectory(terminal), `${id}.json`), { force: true });

const parseRecord = (text: string): MachineRecord[] => {
  const read = recordSchema.safeParse(parseJson(text));
  return read.success ? [read.data] : [];
};

/** The records of a repository by id. Files of other versions are ignored. */
export const listMachineRecords = async (terminal: TerminalHost, repository: string): Promise<MachineRecord[]> => {
  const directory = recordsDirectory(terminal);
  const names = (await readdir(directory).catch(() => [])).filter((name) => name.endsWith(".json")).toSorted();
  const texts = await Promise.all(names.map((name) => readFile(join(directory, name), "utf8").catch(() => "")));
  const records = texts.flatMap(parseRecord);
  // A restart of the computer may delete temporary directories.
  await Promise.all(records.filter((record) => !existsSync(record.directory)).map((record) => removeMachineRecord(terminal, record)));
  return records.filter((record) => record.repository === repository && existsSync(record.directory));
};

/** Whether the machine still answers to its own token; process numbers and ports are reused. */
export const isMachineRunning = async ({ pid, apiUrl, token }: MachineRecord): Promise<boolean> => {
  try {
    process.kill(pid, 0);
    const answer = await fetch(`${apiUrl}/user`, { headers: { authorization: `Bearer ${token}` } });
    return answer.ok;
  } catch {
    return false;
  }
};
