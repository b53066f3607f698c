import { readNetworkEnv } from "./network-environment.ts";
import { type GitContext, GitError, type GitOutput, runGit } from "./run-git.ts";
import { HOUR_MS } from "../../core/domain/durations.ts";

/** A transfer may take long, as long as it moves bytes. */
const NETWORK_TIMEOUT_MS = HOUR_MS;
const SILENCE_LIMIT_MS = 120_000;
/** Servers send a byte every five seconds while they count and store objects. */
const SLOW_CONNECTION_CONFIG = ["-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=60"];

/** Git's lines about its progress and about each ref, which are no part of an error. */
const PROGRESS_PATTERN =
  /^(?:remote: )?(?:[A-Z][a-z]+(?: [a-z]+)*: +\d+(?:%|,|$| \(| *\|)|Total \d+ \(delta )|^(?:Delta compression using|From |To )|^ [-+*=t ] /;

const keepErrors = (stderr: string): string =>
  stderr
    .split(/[\r\n]/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== "" && !PROGRESS_PATTERN.test(line))
    .join("\n")
    .replaceAll(/\/\/[^\s/@]*@/g, "//");

/**
 * Runs a command that talks to a remote: `fetch`, `push` or `ls-remote`. Git prints its progress, so a silent command is a dead one. The
 * remaining errors hold neither progress nor the credentials of an address.
 */
export const runNetworkGit = async (
  at: GitContext,
  [command = "", ...args]: readonly string[],
  config: readonly string[] = [],
): Promise<GitOutput> => {
  const watched: GitContext = {
    ...at,
    env: { ...readNetworkEnv(process.env), ...at.env },
    timeoutMs: at.timeoutMs ?? NETWORK_TIMEOUT_MS,
    silentMs: at.silentMs ?? SILENCE_LIMIT_MS,
  };
  const progress = command === "ls-remote" ? [] : ["--progress"];
  const ran = await runGit(watched, [...SLOW_CONNECTION_CONFIG, ...config, command, ...progress, ...args]);
  return { ...ran, stderr: keepErrors(ran.stderr) };
};

/** Returns standard output; throws {@link GitError} with git's message if the command fails. */
export const runNetworkGitOrThrow = async (at: GitContext, args: readonly string[]): Promise<string> => {
  const ran = await runNetworkGit(at, args);
  if (ran.code !== 0) throw new GitError(`git ${args[0] ?? ""} ended with ${ran.code ?? "a signal"}: ${ran.stderr.slice(0, 2_000)}`);
  return ran.stdout.toString("utf8");
};
