import { stripHiddenChars } from "../core/domain/visible-text.ts";
import { redactSecrets } from "../core/policy/secrets.ts";

/** Removes hidden characters first, because they could split a credential. */
export const cleanText = (text: string): string => redactSecrets(stripHiddenChars(text));
