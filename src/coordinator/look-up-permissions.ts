import type { KnownPermission } from "../core/domain/brief.ts";
import type { Login } from "../core/domain/ids.ts";
import type { GitHubPorts, GitHubReply } from "../github/github-ports.ts";

/** Reads the permission of each person, with a request for each. It is `unknown` if GitHub gives none. */
export const lookUpPermissions = async (
  logins: readonly Login[],
  github: GitHubPorts,
): Promise<GitHubReply<ReadonlyMap<Login, KnownPermission>>> => {
  const known = new Map<Login, KnownPermission>();
  for (const login of logins) {
    const reply = await github.people.permission(login);
    if (!reply.ok && reply.failure.kind === "later") return reply;
    known.set(login, reply.ok ? reply.value : "unknown");
  }
  return { ok: true, value: known };
};
