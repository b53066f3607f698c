/** The marks and the word of a line that opens a fenced block; null for any other line. */
export const readFenceOpening = (line: string): { readonly marks: string; readonly word: string } | null => {
  const [, marks, word = ""] = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})(.*)$/.exec(line) ?? [];
  return marks === undefined ? null : { marks, word: word.trim() };
};

/** True for the line that closes a block which such marks opened: as many of them or more, and nothing else. */
export const closesFence = (line: string, marks: string): boolean => {
  const text = line.replace(/^ {0,3}/, "").trimEnd();
  return text.length >= marks.length && text === (marks[0] ?? "").repeat(text.length);
};
