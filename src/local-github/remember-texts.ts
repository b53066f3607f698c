/** Above this number the oldest entry is dropped. */
const MAX_REMEMBERED_TEXTS = 64;

/** Remembers the results of a pure function of texts, because the same workflow files are read for each event and run. */
export const rememberTexts = <Texts extends readonly string[], T>(read: (...texts: Texts) => T): ((...texts: Texts) => T) => {
  const known = new Map<string, T>();
  return (...texts) => {
    const key = texts.join("\0");
    const found = known.get(key);
    if (found !== undefined) return found;
    const made = read(...texts);
    known.set(key, made);
    if (known.size > MAX_REMEMBERED_TEXTS) for (const oldest of [...known.keys()].slice(0, 1)) known.delete(oldest);
    return made;
  };
};
