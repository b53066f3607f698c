/** Limits of a parsed file: nesting of tables, and number of keys and items. */
export type ValueLimits = { readonly depth: number; readonly entries: number };

/** Whether a parsed value exceeds a limit; walks no further than the limits. */
export const exceedsLimits = (value: unknown, { depth, entries }: ValueLimits): keyof ValueLimits | null => {
  const open: { readonly value: object; readonly depth: number }[] = [];
  let seen = 0;
  const enter = (each: unknown, at: number): void => {
    seen += 1;
    if (each !== null && typeof each === "object") open.push({ value: each, depth: at });
  };
  enter(value, 1);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.depth > depth) return "depth";
    for (const each of Object.values(next.value)) {
      enter(each, next.depth + 1);
      if (seen > entries) return "entries";
    }
  }
  return null;
};
