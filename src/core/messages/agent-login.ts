import { formatDuration } from "./duration-text.ts";
import { DAY_MS } from "../domain/durations.ts";

/** A person's login with an agent, as a terminal names it. */
export type LoginText = {
  /** The agent's name. */
  readonly label: string;
  /** The file with the login. */
  readonly path: string;
};

/** Says which login an agent uses; `lastsMs` is null if the login does not expire. */
export const formatUsedLogin = ({ label, path }: LoginText, lastsMs: number | null): string =>
  `${label} uses the login in ${path}${lastsMs === null || lastsMs > DAY_MS ? "" : `, which expires in ${formatDuration(lastsMs)}`}.`;

type LoginRemedy = {
  readonly label: string;
  /** The agent's own command that logs a person in. */
  readonly command: string;
  /** A command that prints a token for `CLAUDE_CODE_OAUTH_TOKEN`; null if there is none. */
  readonly tokenCommand: string | null;
  readonly key: string;
  /** Whether the agent keeps its login in the system's key chain, which Enki does not read. */
  readonly isInKeychain: boolean;
};

const listRemedies = ({ command, tokenCommand, key, isInKeychain }: LoginRemedy): string => {
  const login = isInKeychain ? [] : [`log in with ${command}`];
  const token = tokenCommand === null ? [] : [`set CLAUDE_CODE_OAUTH_TOKEN to the token that ${tokenCommand} prints`];
  return [...login, ...token, `set a key with export ${key}=…`].join(", or ");
};

/** Why an agent without a key and a login does not start, and what to do. */
export const formatMissingLogin = (remedy: LoginRemedy): string => {
  const keychain = remedy.isInKeychain ? ", and Enki does not read its login in the Keychain" : " and no login on this machine";
  return `${remedy.label} has no key in this shell${keychain}; ${listRemedies(remedy)}`;
};

/** Why an agent with an expired login does not start, and what to do. */
export const formatExpiredLogin = ({ path, ...remedy }: LoginRemedy & LoginText): string =>
  `the login of ${remedy.label} in ${path} has expired; ${listRemedies(remedy)}`;
