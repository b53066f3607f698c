/** A step of the jobs in `enki-step.yml` that installs a language or a tool. */
export type SetUpStep = {
  readonly name: string;
  /** A pinned action with its inputs. Values of `fileInputs` are paths in the repository. */
  readonly uses?: PinnedAction;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly fileInputs?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly run?: readonly string[];
};

export type PinnedAction = { readonly name: string; readonly commit: string; readonly version: string };

const pin = (name: string, commit: string, version: string): PinnedAction => ({ name, commit, version });

/** Actions by others in generated workflow files, each at one commit. */
export const PINNED_ACTIONS = {
  checkout: pin("actions/checkout", "de0fac2e4500dabe0009e67214ff5f5447ce83dd", "v6.0.2"),
  node: pin("actions/setup-node", "395ad3262231945c25e8478fd5baf05154b1d79f", "v6.1.0"),
  python: pin("actions/setup-python", "a309ff8b426b58ec0e2a45f0f869d46889d02405", "v6.2.0"),
  go: pin("actions/setup-go", "44694675825211faa026b3c33043df3e48a5fa00", "v6.0.0"),
  java: pin("actions/setup-java", "dded0888837ed1f317902acf8a20df0ad188d165", "v5.0.0"),
  dotnet: pin("actions/setup-dotnet", "d4c94342e560b34958eacfc5d055d21461ed1c5d", "v5.0.0"),
  ruby: pin("ruby/setup-ruby", "d5126b9b3579e429dd52e51e68624dda2e05be25", "v1.267.0"),
  php: pin("shivammathur/setup-php", "bf6b4fbd49ca58e4608c9c89fba0b8d90bd2a39f", "2.35.5"),
  bun: pin("oven-sh/setup-bun", "735343b667d3e6f658f44d0eca948eb6282f2b76", "v2.0.2"),
} as const;

/** The last releases that a GitHub Enterprise Server accepts, by the name of the action. */
export const SERVER_ARTIFACT_ACTIONS = [
  pin("actions/upload-artifact", "a8a3f3ad30e3422c9c7b888a15615d19a852ae32", "v3.1.3"),
  pin("actions/download-artifact", "9bc31d5ccc31df68ecc42ccf4149144866c47d8a", "v3.0.2"),
] as const;

const quote = (text: string): string => (/^[A-Za-z0-9./_-]+$/.test(text) && !/^[\d.]+$/.test(text) ? text : JSON.stringify(text));

const renderMap = (key: string, entries: readonly (readonly [string, string])[]): string[] =>
  entries.length === 0 ? [] : [`${key}:`, ...entries.map(([name, value]) => `  ${name}: ${quote(value)}`)];

/** Whether the run carries out the job. */
export const CLAIMED = "steps.prepare.outputs.claimed == 'true'";

/**
 * The lines of a step in a job of `enki-step.yml`, without indentation. The repository is checked out in `directory` below the
 * workspace; empty for the workspace itself.
 */
export const renderSetUpStep = (step: SetUpStep, directory: string): string[] => {
  const inside = (path: string): string => (directory === "" ? path : `${directory}/${path}`);
  const files = Object.entries(step.fileInputs ?? {}).map(([name, path]) => [name, inside(path)] as const);
  const { uses, run = [] } = step;
  const lines = [
    `name: ${step.name}`,
    `if: ${CLAIMED}`,
    ...(uses ? [`uses: ${uses.name}@${uses.commit} # ${uses.version}`] : []),
    ...renderMap("with", [...Object.entries(step.inputs ?? {}), ...files]),
    ...renderMap("env", Object.entries(step.env ?? {})),
    ...(run.length > 0 && directory !== "" ? [`working-directory: ${directory}`] : []),
    ...(run.length === 1 ? [`run: ${run[0] ?? ""}`] : []),
    ...(run.length > 1 ? ["run: |", ...run.map((line) => `  ${line}`)] : []),
  ];
  return lines.map((line, at) => (at === 0 ? `- ${line}` : `  ${line}`));
};
