import { visible } from "../model/visible.ts";
import { calm, oneLine } from "./escape.ts";

/** What an agent keeps for later, as an issue's title: its first line. */
export const backlogTitle = (text: string): string => calm(oneLine(text.trim().split("\n")[0] ?? "", 120)) || "Kept for later";

/** Its text: Markdown in which nothing is linked, mentioned or closed. */
export const backlogBody = (text: string): string => calm(visible(text).trim());
