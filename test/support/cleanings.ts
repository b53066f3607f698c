const cleanings: (() => unknown)[] = [];

/** Cleans up when all tests of the file are over: those that run side by side do not know whose turn it is. */
export const cleanAfterFile = (clean: () => unknown): void => void cleanings.push(clean);

/** Cleans up in the reverse order, one after the other. */
export const runCleanings = async (): Promise<void> => {
  for (const clean of cleanings.splice(0).toReversed()) await clean();
};
