const SECRET_NAME = "ENKI_LEDGER_KEY";

/** Where a repository keeps its secrets: `slug` as `gh` takes it. */
export type SecretPlace = { readonly slug: string; readonly usesEnvironment: boolean };

/** The arguments of `gh` that store the ledger's key, which it reads from standard input. */
export const listSetKeyArguments = ({ slug, usesEnvironment }: SecretPlace): readonly string[] => [
  "secret",
  "set",
  SECRET_NAME,
  "--repo",
  slug,
  ...(usesEnvironment ? ["--env", "enki"] : []),
];

const REMOVE_FILES = "rm -f ledger-key ledger-key.pub";

/**
 * A line for a shell that creates the ledger's key, stores it as a secret and removes its files. With `signs`, the shell keeps the key, so
 * that a person can sign a ledger that exists already.
 */
export const formatLedgerKeyCommand = (place: SecretPlace, signs?: { readonly url: string }): string => {
  const store = `ssh-keygen -q -t ed25519 -N '' -f ledger-key && gh ${listSetKeyArguments(place).join(" ")} < ledger-key`;
  return signs
    ? `${store} && export ${SECRET_NAME}="$(cat ledger-key)"; ${REMOVE_FILES}; enki ledger sign ${signs.url}`
    : `${store}; ${REMOVE_FILES}`;
};
