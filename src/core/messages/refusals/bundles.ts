import { refuse, type RefusedResult } from "../../domain/refusal.ts";

export const refuseManyFiles = (count: number, most: number): RefusedResult =>
  refuse("too-many-files", `${count} files changed, but at most ${most} may change.`);

export const refuseLargeChange = (size: number, most: number): RefusedResult =>
  refuse("too-large", `${size} bytes changed, but at most ${most} may change.`);

export const refuseSamePath = (path: string): RefusedResult => refuse("same-path", `${path} occurs twice, perhaps in different case.`);

export const refuseFileAndFolder = (path: string): RefusedResult => refuse("file-and-folder", `${path} is both a file and a folder.`);

export const refuseBadPath = (path: string): RefusedResult => refuse("bad-path", `${path} is not a valid path inside the repository.`);

export const refuseAmbiguousPath = (path: string): RefusedResult =>
  refuse("bad-path", `${path} does not name the same file on every system.`);

export const refuseSpecialFile = (path: string, kind: string): RefusedResult =>
  refuse("not-a-file", `${path} is a ${kind}; only regular files are accepted.`);

export const refuseProtectedPath = (path: string, advice: string): RefusedResult =>
  refuse("protected-path", `${path} is protected: no step may change it. ${advice}`.trimEnd());

export const refuseOutsidePath = (path: string): RefusedResult =>
  refuse("outside-paths", `${path} is outside the paths that this step may change.`);

export const refuseLoneLockFile = (path: string, pattern: string): RefusedResult =>
  refuse(
    "protected-path",
    `${path} is a lock file, and no manifest changed with it. To allow it, set \`unprotected = ["${pattern}"]\` in \`[policy]\` of \`.enki/enki.toml\`.`,
  );

export const refuseSecretInName = (secret: string): RefusedResult =>
  refuse("secret", `The name of a changed file seems to contain ${secret}.`);

export const refuseSecretInFile = (path: string, secret: string): RefusedResult => refuse("secret", `${path} seems to contain ${secret}.`);

export const refuseConflictMarker = (path: string): RefusedResult => refuse("conflict-marker", `${path} still has conflict markers.`);
