/** Ends a command that waits for a person. */
export const EXIT_WAITS = 3;
