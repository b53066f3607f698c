import { stripHiddenChars } from "../core/domain/visible-text.ts";
import { redactSecrets } from "../core/policy/secrets.ts";
import { redactEnds, type RedactedText } from "./cut-text.ts";

/** Removes hidden characters first, because they could split a credential. */
export const cleanText = (text: string): string => redactSecrets(stripHiddenChars(text));

/** Does the same for a text that will be shortened. */
export const cleanEnds = (text: string): RedactedText => redactEnds(stripHiddenChars(text), []);
