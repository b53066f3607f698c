import { stripHiddenChars } from "../domain/visible-text.ts";
import { defuseText, toOneLine } from "./escape.ts";

/** What an agent keeps for later, as an issue's title: its first line. */
export const renderBacklogTitle = (text: string): string =>
  defuseText(toOneLine(text.trim().split("\n")[0] ?? "", 120)) || "Kept for later";

/** Its text: Markdown in which nothing is linked, mentioned or closed. */
export const renderBacklogBody = (text: string): string => defuseText(stripHiddenChars(text).trim());
