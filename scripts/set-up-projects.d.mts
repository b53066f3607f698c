export type SetUpProject = {
  readonly files: Readonly<Record<string, string>>;
  readonly options: readonly string[];
  readonly origin?: string;
};
export const PROJECTS: Readonly<Record<string, SetUpProject>>;
