import { findNearestWord } from "../domain/nearest-word.ts";

/** What to write instead of a name that there is not: the one that was most likely meant, or those that there are. */
export const suggestName = (word: string, names: readonly string[]): string => {
  const meant = findNearestWord(word, names);
  if (meant) return `did you mean \`${meant}\`?`;
  return names.length === 0 ? "remove it: none is known here" : `write one of ${names.slice(0, 20).join(", ")}`;
};
