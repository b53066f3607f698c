/** The values that a job's log must not show. */
export type SecretMasks = {
  add(value: string): void;
  /** The text with `***` for every value, longest first. */
  hide(text: string): string;
  /** True where the text holds a value. */
  shows(text: string): boolean;
  /** The last place at or before `at` where the text can be cut without cutting a value. */
  cut(text: string, at: number): number;
  /** Length of the longest value: what must be seen behind a cut. */
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
    shows: (text) => values.some((value) => text.includes(value)),
    cut: (text, at) => {
      let place = at;
      for (let start = findCutValueStart(values, text, place); start !== null; start = findCutValueStart(values, text, place))
        place = start;
      return place;
    },
    longest: () => values[0]?.length ?? 0,
  };
};
