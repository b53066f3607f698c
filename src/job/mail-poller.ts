import { mkdir } from "node:fs/promises";
import { readBlobs } from "../storage/git/git-objects.ts";
import { type TimerStarter, runGit, type GitContext } from "../storage/git/run-git.ts";
import { runNetworkGit } from "../storage/git/run-network-git.ts";
import { listTree } from "../storage/git/git-tree.ts";
import type { Mail } from "../core/domain/mail.ts";
import { LEDGER_REF } from "../core/domain/refs.ts";

/** The pause between two reads of the ledger, and the time-out of each git command; milliseconds. */
const POLL_PAUSE_MS = 20_000;
const POLL_TIMEOUT_MS = 10_000;
const MAX_POLLED_MAILS = 2_000;

/** The git URL of an Actions job's repository; null outside a job. */
export const findRepositoryUrl = (env: Readonly<Record<string, string | undefined>>): string | null => {
  const [server, name] = [env["GITHUB_SERVER_URL"] ?? "", env["GITHUB_REPOSITORY"] ?? ""];
  return /^https?:/.test(server) && name !== "" ? `${server}/${name}.git` : null;
};

/**
 * Reads the ledger's mail while a job runs. It has no credential, because the agent can reach everything in this process. It therefore
 * works only in public repositories; elsewhere it stops after the first read, and the next attempt sees the mail.
 */
export const openMailPoller = ({ url, directory, after }: { url: string | null; directory: string; after: TimerStarter }) => {
  // The spec already contains the mail from the job's start, so the first poll waits.
  let [rests, dead] = [true, url === null];
  let tip = "";
  const rest = (): (() => void) => after(POLL_PAUSE_MS, () => void (rests = false));
  let wake = dead ? (): void => undefined : rest();
  const at: GitContext = { directory, after, timeoutMs: POLL_TIMEOUT_MS };
  const read = async (): Promise<readonly Mail[] | null> => {
    await mkdir(directory, { recursive: true });
    await runGit(at, ["init", "-q", "--bare"]);
    const fetched = await runNetworkGit(at, [
      "fetch",
      "--no-tags",
      "--depth=1",
      "--no-write-fetch-head",
      url ?? "",
      `+${LEDGER_REF}:${LEDGER_REF}`,
    ]);
    const head = fetched.code === 0 ? await runGit(at, ["rev-parse", "--verify", "-q", LEDGER_REF]) : null;
    if (head?.code !== 0) {
      dead = true;
      return null;
    }
    const now = head.stdout.toString("utf8").trim();
    if (now === tip) return null;
    tip = now;
    const mails = [...(await listTree(at, now))].filter(([path]) => path.startsWith("mail/")).slice(-MAX_POLLED_MAILS);
    const blobs = await readBlobs(at, [...new Set(mails.map(([, { sha }]) => sha))]);
    // Trusted without validation: only the coordinator writes this ref.
    return mails.flatMap(([, { sha }]) => JSON.parse(blobs.get(sha)?.toString("utf8") ?? "[]") as Mail);
  };
  return {
    /** The ledger's current mails; null if it is unchanged, was read just now, or cannot be read. */
    poll: async (): Promise<readonly Mail[] | null> => {
      if (dead || rests) return null;
      rests = true;
      wake = rest();
      return read().catch(() => {
        dead = true;
        return null;
      });
    },
    close: (): void => {
      dead = true;
      wake();
    },
  };
};
