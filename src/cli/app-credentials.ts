import { access, link, mkdir, open, readFile, stat, unlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import type { AppCredentials } from "../core/setup/app-registration.ts";
import { CommandError, UsageError } from "./command-options.ts";
import type { TerminalHost } from "./terminal-host.ts";
import { parseJson } from "../core/domain/parse-json.ts";

const storedSchema = z.object({
  server: z.string(),
  id: z.number(),
  slug: z.string(),
  privateKey: z.string(),
  webhookSecret: z.string(),
  // Files of earlier versions lack these keys.
  client: z.object({ id: z.string(), secret: z.string() }).nullable().default(null),
  page: z.string(),
});

const OTHERS = 0o077;

/** The file for the App's keys: by default in the user's directory for configuration. */
export const chooseCredentialsFile = ({ cwd, env }: TerminalHost, named: string | undefined): string => {
  if (named !== undefined) return resolve(cwd, named);
  const home = env["HOME"] ?? env["USERPROFILE"] ?? "";
  const base = env["XDG_CONFIG_HOME"] ?? (home === "" ? "" : join(home, ".config"));
  if (base === "") throw new UsageError("--credentials must name the file with the App's keys, because the user has no home directory");
  return resolve(cwd, base, "enki", "app.json");
};

/** Reads the keys of a registered App; null if the file does not exist. Throws if others may read the file. */
export const readAppCredentials = async (path: string, serverUrl: string): Promise<AppCredentials | null> => {
  const found = await stat(path).catch(() => null);
  if (!found) return null;
  if (process.platform !== "win32" && (found.mode & OTHERS) !== 0)
    throw new CommandError(`${path} holds a private key, and other users may read it; run chmod 600 on the file`);
  const read = storedSchema.safeParse(parseJson(await readFile(path, "utf8")));
  if (!read.success) throw new CommandError(`${path} does not hold the keys of an App; move the file away to register one`);
  const { server, ...credentials } = read.data;
  if (server !== serverUrl)
    throw new CommandError(`${path} holds the keys of an App on ${server}, not on ${serverUrl}; name another file with --credentials`);
  return credentials;
};

/** Refuses a file inside a git repository, where somebody could commit the keys, and a directory without the right to write. */
export const prepareCredentialsPlace = async (path: string): Promise<void> => {
  for (let at = dirname(path); ; at = dirname(at)) {
    if (await exists(join(at, ".git")))
      throw new CommandError(`${path} is inside the git repository ${at}; name a file elsewhere with --credentials`);
    if (dirname(at) === at) break;
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = await openDraft(path);
  await draft.close();
  await unlink(draftOf(path));
};

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const draftOf = (path: string): string => `${path}.new`;

/** A new file; a prepared link cannot lead elsewhere. */
const openDraft = async (path: string) => {
  await unlink(draftOf(path)).catch(() => undefined);
  return open(draftOf(path), "wx", 0o600);
};

/** Stores the keys for good before the file gets its name. Rejects if the file exists: another process registered an App meanwhile. */
export const writeAppCredentials = async (path: string, server: string, credentials: AppCredentials): Promise<void> => {
  const draft = await openDraft(path);
  try {
    await draft.writeFile(`${JSON.stringify({ server, ...credentials }, null, 2)}\n`);
    await draft.sync();
    await link(draftOf(path), path).catch((error: unknown) => {
      const isTaken = error instanceof Error && "code" in error && error.code === "EEXIST";
      throw isTaken ? new CommandError(`${path} exists by now, because another process registered an App`) : error;
    });
  } finally {
    await draft.close();
    await unlink(draftOf(path)).catch(() => undefined);
  }
};
