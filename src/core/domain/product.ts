/** Who publishes Enki, and under which names. `npm run name` changes the names here and in every file that says them. */
export const PRODUCT = {
  owner: "enki-bot",
  repository: "enki",
  packageName: "@enki-bot/enki",
  version: "0.1.0",
} as const;

/** The action as a workflow file names it. */
export const ACTION_REFERENCE = `${PRODUCT.owner}/${PRODUCT.repository}@v${PRODUCT.version}`;
