/** Returns a workflow of `size` parallel roles, each with a command that prints its name, and a role that joins them with a file. */
export const fanWorkflow = (size: number): string => {
  const names = Array.from({ length: size }, (_, at) => `part-${at + 1}`);
  const roles = names.map((name) => `  ${name}:\n    run: echo made ${name}`);
  return [
    "---",
    "roles:",
    ...roles,
    `  join:\n    run: echo joined > joined.txt`,
    "edges:",
    ...names.map((name) => `  - ${name} -> join`),
    "---",
    "",
  ].join("\n");
};
