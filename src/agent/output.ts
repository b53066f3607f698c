const LIMIT = 20_000;
const TAIL = 500;
const SHORTEST = 10;

/** What an agent hands on: the last complete `[OUTPUT]…[/OUTPUT]` of its own messages, else their last 500 characters; nothing for ten or fewer. */
export const captureOutput = (text: string): string => {
  const blocks = [...text.matchAll(/\[OUTPUT\]([\s\S]*?)\[\/OUTPUT\]/g)]
    .map(([, inner]) => (inner ?? "").trim())
    .filter((inner) => inner !== "");
  const last = blocks.at(-1);
  if (last !== undefined) return Array.from(last).slice(0, LIMIT).join("");
  const characters = Array.from(text.trim());
  return characters.length <= SHORTEST ? "" : characters.slice(-TAIL).join("");
};

/** A message without its output blocks: what is left is the report. */
export const withoutOutput = (text: string): string => text.replaceAll(/\[OUTPUT\][\s\S]*?\[\/OUTPUT\]/g, "").trim();
