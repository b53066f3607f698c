/** A missing protection of a machine against foreign code. */
export type ProtectionGap =
  /** Foreign code runs as the same user as Enki. */
  | "same-user"
  /** Foreign code can read the initial environment of Enki's process. */
  | "readable-environment"
  /** Foreign code sees all processes and files of its user. */
  | "no-namespaces"
  /** A detached process that clears its environment can outlive its step. */
  | "detached-processes"
  /** Foreign code may change files outside its own directories. */
  | "writable-files"
  /** A limit of an agent's network holds only for programs that use the variables of a proxy. */
  | "open-network";

/** The means of a machine to separate processes. */
export type SeparationFacts = {
  /** Whether foreign code can run as another user: as root, or through `sudo` without a password. */
  readonly otherUser: boolean;
  /** Whether mount and process namespaces can be created. */
  readonly namespaces: boolean;
  /** Whether everything outside of a job's own directories is read-only in its namespaces. */
  readonly readOnly: boolean;
};

/** The protections that a machine lacks, the most important first. */
export const listProtectionGaps = ({ otherUser, namespaces, readOnly }: SeparationFacts): readonly ProtectionGap[] => {
  const gaps: ProtectionGap[] = [];
  if (!otherUser && !namespaces) gaps.push("same-user");
  if (!namespaces) gaps.push("no-namespaces");
  if (!otherUser && !namespaces) gaps.push("detached-processes");
  if (!otherUser && !(namespaces && readOnly)) gaps.push("writable-files");
  return gaps;
};
