export const DEMO_LANDING: readonly string[];
export const listLandedFiles: (git: (...args: string[]) => string) => readonly string[];
