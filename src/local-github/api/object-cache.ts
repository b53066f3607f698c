import { isSha } from "../../core/domain/ids.ts";

/** Above this number the older half of the entries is dropped. */
const MAX_CACHED_OBJECTS = 2_000;
/** Larger contents are read again each time. */
const MAX_CACHED_BYTES = 65_536;

/**
 * Caches reads of objects by object id, because objects never change. Reads by movable names and missing objects are
 * not cached.
 */
export const openObjectCache = () => {
  const known = new Map<string, unknown>();
  return async <T>(kind: string, object: string, read: () => Promise<T | null>): Promise<T | null> => {
    if (!isSha(object.slice(0, 40)) || !/^(?:[:^]|$)/.test(object.slice(40))) return read();
    const key = `${kind} ${object}`;
    // The same `kind` wrote the entry, so it has the same type.
    if (known.has(key)) return known.get(key) as T;
    const found = await read();
    if (found === null || (Buffer.isBuffer(found) && found.length > MAX_CACHED_BYTES)) return found;
    known.set(key, found);
    if (known.size > MAX_CACHED_OBJECTS) for (const oldest of [...known.keys()].slice(0, MAX_CACHED_OBJECTS / 2)) known.delete(oldest);
    return found;
  };
};
export type ObjectCache = ReturnType<typeof openObjectCache>;
