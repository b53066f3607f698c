export type SecretMasks = {
  add(value: string): void;
  /** Replaces every secret value in a text by `***`, longest first. */
  hide(text: string): string;
  /** Whether the text contains a secret value. */
  contains(text: string): boolean;
  /** Finds the last position at or before `at` where a cut splits no secret value. */
  cut(text: string, at: number): number;
  /** The length of the longest value: a cut must look this far ahead. */
  longest(): number;
};

const maskedSpellings = (value: string): readonly string[] => [
  value,
  ...value.split(/\r?\n/),
  JSON.stringify(value).slice(1, -1),
  encodeURIComponent(Buffer.from(value).toString()),
  Buffer.from(value).toString("base64"),
];

const findCutValueStart = (values: readonly string[], text: string, at: number): number | null => {
  for (const value of values) {
    const start = text.indexOf(value, Math.max(0, at - value.length + 1));
    if (start >= 0 && start < at) return start;
  }
  return null;
};

export const createSecretMasks = (): SecretMasks => {
  let values: readonly string[] = [];
  return {
    add: (value) => {
      const all = new Set([...values, ...maskedSpellings(value).filter((spelling) => spelling.trim() !== "")]);
      values = [...all].sort((a, b) => b.length - a.length);
    },
    hide: (text) => values.reduce((hidden, value) => hidden.replaceAll(value, "***"), text),
    contains: (text) => values.some((value) => text.includes(value)),
    cut: (text, at) => {
      let position = at;
      for (let start = findCutValueStart(values, text, position); start !== null; start = findCutValueStart(values, text, position))
        position = start;
      return position;
    },
    longest: () => values[0]?.length ?? 0,
  };
};
