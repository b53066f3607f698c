import { findNearestWord } from "../domain/nearest-word.ts";

/** Advice for an unknown name: the closest known name, or a list of the known names. */
export const suggestName = (word: string, names: readonly string[]): string => {
  const meant = findNearestWord(word, names);
  if (meant) return `did you mean \`${meant}\`?`;
  return names.length === 0 ? "remove it: none is known here" : `write one of ${names.slice(0, 20).join(", ")}`;
};
