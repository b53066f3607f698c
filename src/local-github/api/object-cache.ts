import { isSha } from "../../core/domain/ids.ts";

/** What is kept; the oldest goes first. */
const MAX_CACHED_OBJECTS = 2_000;

/** Remembers what was read of objects by their ids: it never changes. Names that can move, and what was not there, are read again. */
export const openObjectCache = () => {
  const known = new Map<string, unknown>();
  return async <T>(what: string, object: string, read: () => Promise<T | null>): Promise<T | null> => {
    if (!isSha(object.slice(0, 40)) || !/^(?:[:^]|$)/.test(object.slice(40))) return read();
    const key = `${what} ${object}`;
    // Put there by the same `what`, and so of its type.
    if (known.has(key)) return known.get(key) as T;
    const found = await read();
    if (found === null) return null;
    known.set(key, found);
    if (known.size > MAX_CACHED_OBJECTS) for (const oldest of [...known.keys()].slice(0, MAX_CACHED_OBJECTS / 2)) known.delete(oldest);
    return found;
  };
};
export type ObjectCache = ReturnType<typeof openObjectCache>;
