import { stripHiddenChars } from "../domain/visible-text.ts";

/** An author's instruction, complete. Closes an open code fence, which would swallow the following text. */
export const closeAuthorText = (text: string): string => {
  const visible = stripHiddenChars(text).trim();
  let open = "";
  for (const line of visible.split("\n")) {
    const [, marks = "", rest = ""] = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line) ?? [];
    if (open === "") open = marks.startsWith("`") && rest.includes("`") ? "" : marks;
    else if (marks.startsWith(open) && rest.trim() === "") open = "";
  }
  return open === "" ? visible : `${visible}\n${open}`;
};
