import { compileGlob } from "../policy/glob.ts";

type Lanes = Readonly<Record<string, readonly string[]>>;

/** The first lane that holds every path that a step may change; undefined if none does, or if the step names no paths. */
export const findLane = (lanes: Lanes, paths: readonly string[]): string | undefined =>
  paths.length === 0 ? undefined : Object.keys(lanes).find((lane) => paths.every((path) => isInLane(lanes[lane] ?? [], path)));

/** Whether one glob of a lane matches everything that a path's glob matches: wildcards are compared like names, and `**` also like folders. */
const isInLane = (globs: readonly string[], path: string): boolean =>
  globs.some((glob) => {
    const matches = compileGlob(glob);
    return [path, path.replaceAll("**", "*/*")].every((each) => matches(each));
  });
