import type { Login } from "../domain/ids.ts";
import { escapeInline } from "./escape.ts";

/** Names of people on GitHub; managed users have an underscore. Names of apps end in `[bot]` and are not mentioned. */
const LOGIN_PATTERN = /^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$/i;

/** Mentions a person, which notifies the person. The only mention that Enki writes on purpose. */
export const mentionPerson = (login: Login): string => (LOGIN_PATTERN.test(login) ? `@${login}` : escapeInline(login));
