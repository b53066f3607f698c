import { PRODUCT } from "../domain/product.ts";
import type { Refusal } from "../domain/refusal.ts";
import { escapeSentence, toInlineCode } from "./escape.ts";

/** The page of all refusals, as it was published with this version. Its headings are the codes. */
const REFUSALS_PAGE = `https://github.com/${PRODUCT.owner}/${PRODUCT.repository}/blob/v${PRODUCT.version}/docs/reference/refusals.md`;

/** A code with a link to its paragraph. */
export const linkRefusalCode = (code: string): string => `[${toInlineCode(code)}](${REFUSALS_PAGE}#${code})`;

/** A reason with a link to the paragraph of its code. */
export const renderReason = ({ code, message }: Refusal, limit?: number): string =>
  `${escapeSentence(message, limit)} (${linkRefusalCode(code)})`.trimStart();
