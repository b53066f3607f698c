/** The marks and the info word of a line that opens a fenced code block; null for any other line. */
export const readFenceOpening = (line: string): { readonly marks: string; readonly word: string } | null => {
  const [, marks, word = ""] = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})(.*)$/.exec(line) ?? [];
  return marks === undefined ? null : { marks, word: word.trim() };
};

/** Whether a line closes a block that these marks opened: at least as many marks and nothing else. */
export const closesFence = (line: string, marks: string): boolean => {
  const text = line.replace(/^ {0,3}/, "").trimEnd();
  return text.length >= marks.length && text === (marks[0] ?? "").repeat(text.length);
};
