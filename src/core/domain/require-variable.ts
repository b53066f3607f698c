/** A variable that GitHub sets in every job of Actions. Throws if it is missing or empty. */
export const requireVariable = ({ env }: { readonly env: Readonly<Record<string, string | undefined>> }, name: string): string => {
  const value = env[name];
  if (value === undefined || value === "") throw new Error(`${name} is not set: this action runs in an Actions job`);
  return value;
};
