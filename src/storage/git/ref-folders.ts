/** The folders of a clone's refs. */
export const REF_FOLDERS = ["refs/heads", "refs/enki"] as const;
