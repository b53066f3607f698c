const cleanings: (() => unknown)[] = [];

/** Cleans up after the last test of the file, because parallel tests do not know which of them ends last. */
export const cleanAfterFile = (clean: () => unknown): void => void cleanings.push(clean);

/** Cleans up in the reverse order, one after the other. */
export const runCleanings = async (): Promise<void> => {
  for (const clean of cleanings.splice(0).toReversed()) await clean();
};
