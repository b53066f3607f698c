import { stripHiddenChars } from "../domain/visible-text.ts";
import { defuseText, toOneLine } from "./escape.ts";

/** The title of a backlog issue: the first line of the text. */
export const renderBacklogTitle = (text: string): string =>
  defuseText(toOneLine(text.trim().split("\n")[0] ?? "", 120)) || "Kept for later";

/** The body of a backlog issue: Markdown without links, mentions or closing references. */
export const renderBacklogBody = (text: string): string => defuseText(stripHiddenChars(text).trim());
