/** The priority of work over other work, at the start and at the landing. A person sets the priority. */
const PRIORITIES = ["high", "normal", "low"] as const;
export type Priority = (typeof PRIORITIES)[number];

export const isPriority = (text: string): text is Priority => PRIORITIES.some((priority) => priority === text);

type Prioritized = { readonly priority?: Priority };

/** The rank of a step: higher ranks come first. A step without a priority has that of its execution. */
export const findRank = (execution: Prioritized, step?: Prioritized): number => {
  const priority = step?.priority ?? execution.priority ?? "normal";
  return priority === "high" ? 1 : priority === "low" ? -1 : 0;
};
