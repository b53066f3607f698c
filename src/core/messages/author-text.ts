import { stripHiddenChars } from "../domain/visible-text.ts";

/** Text that an author wrote as an instruction, whole. A code fence that it leaves open is closed: it would swallow what follows. */
export const closeAuthorText = (text: string): string => {
  const shown = stripHiddenChars(text).trim();
  let open = "";
  for (const line of shown.split("\n")) {
    const [, marks = "", rest = ""] = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line) ?? [];
    if (open === "") open = marks.startsWith("`") && rest.includes("`") ? "" : marks;
    else if (marks.startsWith(open) && rest.trim() === "") open = "";
  }
  return open === "" ? shown : `${shown}\n${open}`;
};
