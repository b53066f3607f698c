/** The marks and the info word of a line that opens a fenced code block; null for any other line. */
export const readFenceOpening = (line: string): { readonly marks: string; readonly word: string } | null => {
  const [, marks, word = ""] = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})(.*)$/.exec(line) ?? [];
  return marks === undefined ? null : { marks, word: word.trim() };
};

/** Whether a line closes the block opened by the marks: at least as many marks and no other text. */
export const closesFence = (line: string, marks: string): boolean => {
  const text = line.replace(/^ {0,3}/, "").trimEnd();
  return text.length >= marks.length && text === (marks[0] ?? "").repeat(text.length);
};
