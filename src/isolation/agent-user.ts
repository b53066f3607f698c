import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** The user that foreign code runs as. */
export type AgentUser = { readonly uid: number; readonly gid: number; readonly isKnown: boolean };

export const AGENT_USER_NAME = "enki-agent";
/** Above the users of people, and below the ranges of systemd. Jobs without namespaces must not share a number: each ends its user's processes. */
const FIRST_AGENT_UID = 60_700;
const AGENT_UIDS = 400;

const readPasswd = (): Promise<string> => readFile("/etc/passwd", "utf8").catch(() => "");

/** The machine's user for agents; a number that no user has if there is none. */
export const findAgentUser = async (): Promise<AgentUser> => {
  const entries = (await readPasswd()).split("\n").map((line) => line.split(":"));
  const own = entries.find(([name]) => name === AGENT_USER_NAME);
  if (own) return { uid: Number(own[2]), gid: Number(own[3]), isKnown: true };
  const used = new Set(entries.flatMap(([, , uid, gid]) => [Number(uid), Number(gid)]));
  let uid = FIRST_AGENT_UID + (process.pid % AGENT_UIDS);
  while (used.has(uid)) uid += 1;
  return { uid, gid: uid, isKnown: false };
};

/** Writes a copy of the machine's users with the agents' user, because many programs fail without a user's name. */
export const writePasswdCopy = async (directory: string, { uid, gid }: AgentUser): Promise<string> => {
  const file = join(directory, "passwd");
  await writeFile(file, `${(await readPasswd()).trimEnd()}\n${AGENT_USER_NAME}:x:${uid}:${gid}::/nonexistent:/bin/sh\n`, { mode: 0o644 });
  return file;
};
