import { MAX_BACKLOG_ITEM_CHARS } from "../domain/backlog-item.ts";
import { defuseText, quoteWithin, toOneLine } from "./escape.ts";

/** Less than GitHub's limit of 65,536. */
const MAX_ISSUE_CHARS = 60_000;

/** The title of a backlog issue: the first line of the text. */
export const renderBacklogTitle = (text: string): string =>
  defuseText(toOneLine(text.trim().split("\n")[0] ?? "", 120)) || "Kept for later";

/** The body of a backlog issue: the agent's words as a quote in which nothing has an effect. */
export const renderBacklogBody = (text: string): string =>
  quoteWithin(text, { limit: MAX_BACKLOG_ITEM_CHARS, keep: "start" }, MAX_ISSUE_CHARS);

/** The words of a backlog issue's body: quotes by Enki without their escapes, other lines as people wrote them. */
export const readBacklogBody = (body: string): string =>
  body
    .split(/\r?\n/)
    .map((line) => (/^>(?: |$)/.test(line) ? unescapeQuote(line.replace(/^> ?/, "")) : line))
    .join("\n");

/** Code keeps its characters; a backtick after an odd number of backslashes opens none. */
const unescapeQuote = (line: string): string =>
  line
    .split(/(?<=(?<!\\)(?:\\\\)*)(`[^`]+`)/)
    .map((part, at) =>
      at % 2 === 1
        ? part
        : part
            .replaceAll("<span>$</span>", "$")
            .replaceAll(/\u200b/g, "")
            .replaceAll("\u00a0", " ")
            .replaceAll(/\\([!-/:-@[-`{-~])/g, "$1"),
    )
    .join("");
