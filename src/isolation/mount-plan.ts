import { realpath, stat } from "node:fs/promises";
import { dirname, sep } from "node:path";

/** A change of a mount namespace: an empty directory over a path, or a visible path, read-only or writable. */
type MountEntry =
  | { readonly kind: "cover"; readonly mode: "0755" | "1777"; readonly path: string }
  | { readonly kind: "ro" | "rw"; readonly from: string; readonly path: string };

/** Mounts in the order in which they are made: parents first. */
export type MountPlan = readonly MountEntry[];

export const isInsideDirectory = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);

/** The outermost ancestor that other users cannot enter; null if there is none. */
const findClosedAncestor = async (path: string): Promise<string | null> => {
  const ancestors: string[] = [];
  for (let at = dirname(path); at !== dirname(at); at = dirname(at)) ancestors.unshift(at);
  for (const at of ancestors) if (((await stat(at)).mode & 0o001) === 0) return at;
  return null;
};

const resolveExisting = async (paths: readonly string[]): Promise<string[]> => {
  const real = await Promise.all([...new Set(paths)].map((path) => realpath(path).catch(() => null)));
  return [...new Set(real)].filter((path) => path !== null && path !== sep) as string[];
};

/** Directories that every user may write to; each namespace gets its own. */
export const SHARED_DIRECTORIES = ["/tmp", "/var/tmp", "/dev/shm"];

export type MountWish = {
  /** Directories with invisible content. Missing directories are ignored, here and below. */
  readonly hidden: readonly string[];
  readonly readable: readonly string[];
  readonly writable: readonly string[];
  /** Replacements of files by path. */
  readonly replaced?: Readonly<Record<string, string>>;
  /** Whether a user other than the files' owner is inside. */
  readonly otherUser: boolean;
};

/** Plans which paths a mount namespace hides and shows. A shown path inside a hidden one is visible. */
export const planMounts = async ({ hidden, readable, writable, replaced = {}, otherUser }: MountWish): Promise<MountPlan> => {
  const [shared, covered, rw, all] = await Promise.all(
    [SHARED_DIRECTORIES, hidden, writable, readable].map((paths) => resolveExisting(paths)),
  );
  const ro = (all ?? []).filter((path) => !(rw ?? []).includes(path));
  const shown = [...(rw ?? []), ...ro];
  const closed = otherUser ? await Promise.all(shown.map(findClosedAncestor)) : [];
  const covers = new Set([...(covered ?? []), ...closed.filter((path) => path !== null)]);
  const isCovered = (path: string): boolean => [...covers, ...(shared ?? [])].some((cover) => isInsideDirectory(path, cover));
  const entries: MountEntry[] = [
    ...(shared ?? []).map((path): MountEntry => ({ kind: "cover", mode: "1777", path })),
    ...[...covers].filter((path) => !shared?.includes(path)).map((path): MountEntry => ({ kind: "cover", mode: "0755", path })),
    ...(rw ?? []).map((path): MountEntry => ({ kind: "rw", from: path, path })),
    // Other paths become read-only with the rest of the machine.
    ...ro.filter(isCovered).map((path): MountEntry => ({ kind: "ro", from: path, path })),
    ...Object.entries(replaced).map(([path, from]): MountEntry => ({ kind: "ro", from, path })),
  ];
  const isShown = (path: string): boolean => entries.some((entry) => entry.kind !== "cover" && entry.path === path);
  return entries
    .filter(({ kind, path }) => kind !== "cover" || !isShown(path))
    .toSorted((a, b) => a.path.split(sep).length - b.path.split(sep).length);
};

/** The plan as words for {@link MOUNT_FUNCTIONS}, with their number of entries first. */
export const toMountWords = (plan: MountPlan): string[] => [
  String(plan.length),
  ...plan.flatMap((entry) => (entry.kind === "cover" ? ["cover", entry.mode, entry.path] : [entry.kind, entry.from, entry.path])),
];
