import { access, constants } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

/** The absolute path of a program in a search path; null if it is missing. Relative directories are not searched. */
export const findProgram = async (name: string, path: string): Promise<string | null> => {
  for (const directory of path.split(delimiter))
    if (isAbsolute(directory) && /^[\w./+-]+$/.test(directory) && (await isExecutable(join(directory, name)))) return join(directory, name);
  return null;
};

/** Programs by name with absolute paths; null if one of them is missing. */
export const findPrograms = async <T extends string>(names: readonly T[], path: string): Promise<Readonly<Record<T, string>> | null> => {
  const found = await Promise.all(names.map(async (name) => [name, await findProgram(name, path)] as const));
  return found.some(([, program]) => program === null) ? null : (Object.fromEntries(found) as Record<T, string>);
};
