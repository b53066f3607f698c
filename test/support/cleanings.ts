const cleanings: (() => unknown)[] = [];

/** Cleans up when all tests of the file are over: those that run side by side do not know whose turn it is. */
export const cleanAfterFile = (clean: () => unknown): void => void cleanings.push(clean);

export const runCleanings = (): void => {
  for (const clean of cleanings.splice(0).toReversed()) clean();
};
