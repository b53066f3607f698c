import type { ProtectionGap } from "../domain/protection-gap.ts";

const GAP_SENTENCES: Readonly<Record<ProtectionGap, string>> = {
  "same-user":
    "Agents and commands run as the same user as Enki, because there is neither root, nor sudo without a password, nor user namespaces: they can read what this user can read. Use a machine that you would let them use.",
  "readable-environment":
    "Agents and commands can read the environment of Enki's own process, with its tokens and keys, because this system lets no process hide its environment.",
  "no-namespaces":
    "Agents and commands see all processes of the machine and all files that their user may read, because mount and process namespaces are not allowed. Install `unshare` and allow user namespaces to hide them.",
  "detached-processes":
    "A process that leaves its group and clears its environment can outlive its step, because there are neither process namespaces nor another user.",
  "writable-files":
    "Agents and commands can change every file of their user outside the job, because the machine's files could not be made read-only.",
  "open-network":
    "An agent can bypass the limit of `[policy] network`, because this machine allows no network namespaces: only programs that use the proxy variables keep to it.",
};

/** One or two sentences for each missing protection: effect, cause and remedy. */
export const explainProtectionGaps = (gaps: readonly ProtectionGap[]): readonly string[] => gaps.map((gap) => GAP_SENTENCES[gap]);

/** A job has directories for temporary files of its own, so a program in the machine's is not found there. */
export const explainUnseenProgram = (path: string): string =>
  `${path} may exist on this machine, but a job has temporary directories of its own and does not see it. Put the program into the repository, or into a directory of the PATH.`;
