/** The languages whose package registries `[policy] network` can name. */
export const ECOSYSTEMS = ["node", "python", "go", "rust", "java", "ruby", "dotnet", "php"] as const;
export type Ecosystem = (typeof ECOSYSTEMS)[number];

/** The word in `[policy] network` for the registries of all languages that the repository's files show. */
export const DETECTED_PACKAGES = "packages";

type EcosystemFacts = {
  /** The name of a file in repositories that install packages of the language. */
  readonly manifest: RegExp;
  /** The hosts from which its package managers install, by their default configuration. */
  readonly hosts: readonly string[];
};

const ECOSYSTEM_FACTS: Readonly<Record<Ecosystem, EcosystemFacts>> = {
  node: { manifest: /^(?:package\.json|deno\.jsonc?)$/, hosts: ["registry.npmjs.org", "registry.yarnpkg.com", "jsr.io", "npm.jsr.io"] },
  python: {
    manifest: /^(?:pyproject\.toml|setup\.(?:py|cfg)|Pipfile|requirements[\w.-]*\.txt|environment\.ya?ml)$/,
    hosts: ["pypi.org", "files.pythonhosted.org"],
  },
  go: { manifest: /^go\.(?:mod|work)$/, hosts: ["proxy.golang.org", "sum.golang.org"] },
  rust: { manifest: /^Cargo\.toml$/, hosts: ["index.crates.io", "static.crates.io", "crates.io"] },
  java: {
    manifest: /^(?:pom\.xml|(?:build|settings)\.gradle(?:\.kts)?|build\.sbt)$/,
    hosts: ["repo.maven.apache.org", "repo1.maven.org", "plugins.gradle.org", "services.gradle.org", "downloads.gradle.org"],
  },
  ruby: { manifest: /^(?:Gemfile|gems\.rb|.*\.gemspec)$/, hosts: ["rubygems.org", "index.rubygems.org"] },
  dotnet: { manifest: /\.(?:csproj|fsproj|vbproj|slnx?)$|^(?:global\.json|nuget\.config|packages\.config)$/i, hosts: ["api.nuget.org"] },
  php: { manifest: /^composer\.json$/, hosts: ["packagist.org", "repo.packagist.org"] },
};

const isEcosystem = (word: string): word is Ecosystem => (ECOSYSTEMS as readonly string[]).includes(word);

/** The languages of a repository, by the names of its files in any folder. */
export const listEcosystems = (paths: Iterable<string>): Ecosystem[] => {
  const names = new Set([...paths].map((path) => path.slice(path.lastIndexOf("/") + 1)));
  return ECOSYSTEMS.filter((each) => [...names].some((name) => ECOSYSTEM_FACTS[each].manifest.test(name)));
};

/** The hosts in a list of `[policy] network`, with the registries that its words stand for. */
export const resolveNetworkWords = (list: readonly string[], detected: readonly Ecosystem[]): string[] => {
  const words = list.flatMap((word): readonly string[] => (word === DETECTED_PACKAGES ? detected : [word]));
  return [...new Set(words.flatMap((word): readonly string[] => (isEcosystem(word) ? ECOSYSTEM_FACTS[word].hosts : [word])))];
};

export const isNetworkWord = (word: string): boolean => word === DETECTED_PACKAGES || isEcosystem(word);
