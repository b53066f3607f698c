import { execFile } from "node:child_process";
import { isSshAddress, readRemoteAddress, type RemoteAddress } from "../core/setup/remote-address.ts";
import { type GitContext, runGit } from "../storage/git/run-git.ts";
import type { TerminalHost } from "./terminal-host.ts";

/** No option of ssh, and no text that its configuration expands. */
const HOST_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const MAX_ANSWER_MS = 5_000;

/** The host to which the person's ssh connects for a name, perhaps an alias of their configuration; the name itself without ssh. */
const resolveSshHost = ({ env }: TerminalHost, name: string): Promise<string> =>
  new Promise((resolve) => {
    execFile("ssh", ["-G", "--", name], { env: { ...env }, timeout: MAX_ANSWER_MS, encoding: "utf8" }, (error, stdout) =>
      resolve(error ? name : (/^hostname (\S+)$/m.exec(stdout)?.[1] ?? name)),
    );
  });

/** The address of the remote `origin`; null without the remote, and for a directory. */
export const readOrigin = async (terminal: TerminalHost, at: GitContext): Promise<RemoteAddress | null> => {
  const { code, stdout } = await runGit(at, ["remote", "get-url", "origin"]);
  const url = code === 0 ? stdout.toString("utf8").trim() : "";
  const address = readRemoteAddress(url);
  if (!address || !isSshAddress(url) || address.host === "github.com" || !HOST_NAME.test(address.host)) return address;
  const host = await resolveSshHost(terminal, address.host);
  return readRemoteAddress(`ssh://${host}/${address.owner}/${address.name}`);
};
