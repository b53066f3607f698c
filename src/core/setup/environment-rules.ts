/** A rule of an environment: jobs on branches or tags with this name, or with a name of this pattern, receive its secrets. */
type EnvironmentRule = { readonly name: string; readonly type?: "branch" | "tag" | undefined };

/** The rules of an environment; `protected` for every protected branch. */
export type EnvironmentRules = readonly EnvironmentRule[] | "protected";

const isDefault = ({ name, type }: EnvironmentRule, branch: string): boolean => name === branch && type !== "tag";

/** Whether jobs on the branch receive the environment's secrets by one of its named rules. */
export const admitsBranch = (rules: EnvironmentRules, branch: string): boolean =>
  rules !== "protected" && rules.some((rule) => isDefault(rule, branch));

/** Names what may read an environment's secrets besides the branch; null if nothing else may. */
export const describeOtherReaders = (rules: EnvironmentRules, branch: string): string | null => {
  if (rules === "protected") return "every protected branch";
  const others = rules.filter((rule) => !isDefault(rule, branch)).map(({ name, type }) => `${type === "tag" ? "the tag " : ""}\`${name}\``);
  return others.length === 0 ? null : others.join(", ");
};

/** The instruction to leave an environment to the branch alone. */
export const explainOtherReaders = (branch: string): string => `leave only \`${branch}\` in Settings › Environments › enki`;
