import type { DetectedTool } from "./detected-tool.ts";
import { findFirstFile, findTopFile, hasFile, type RepositoryFacts } from "./repository-facts.ts";
import { readJsonRecord } from "./read-manifest.ts";
import { PINNED_ACTIONS, type SetUpStep } from "./set-up-step.ts";

const DEFAULT_VERSIONS = { java: "21", ruby: "3.4", dotnet: "10.0.x", php: "8.4" };

export const detectGo = (facts: RepositoryFacts): DetectedTool | null =>
  hasFile(facts, "go.mod")
    ? {
        language: "Go",
        manager: "go",
        steps: [{ name: "Set up Go", uses: PINNED_ACTIONS.go, inputs: { cache: "false" }, fileInputs: { "go-version-file": "go.mod" } }],
        verify: ["go test ./..."],
        hasTests: true,
      }
    : null;

export const detectRust = (facts: RepositoryFacts): DetectedTool | null =>
  hasFile(facts, "Cargo.toml")
    ? {
        language: "Rust",
        manager: "cargo",
        // The commands have a home of their own, where Rustup would find no toolchain: the compiler itself goes to the PATH.
        steps: [
          {
            name: "Set up Rust",
            run: [
              "rustup show active-toolchain || rustup toolchain install stable",
              'echo "$(rustc --print sysroot)/bin" >> "$GITHUB_PATH"',
            ],
          },
        ],
        verify: [hasFile(facts, "Cargo.lock") ? "cargo test --locked" : "cargo test"],
        hasTests: true,
      }
    : null;

const setUpJava = (facts: RepositoryFacts, build: string): SetUpStep => {
  const file = findFirstFile(facts, [".java-version", ".sdkmanrc", ".tool-versions"]);
  const stated = /<(?:maven\.compiler\.release|java\.version|release)>(\d+)<|JavaLanguageVersion\.of\((\d+)\)|jvmToolchain\((\d+)\)/.exec(
    build,
  );
  const version = stated?.slice(1).find((each) => each !== undefined) ?? DEFAULT_VERSIONS.java;
  return {
    name: "Set up Java",
    uses: PINNED_ACTIONS.java,
    inputs: { distribution: "temurin", ...(file === null && { "java-version": version }) },
    ...(file !== null && { fileInputs: { "java-version-file": file } }),
  };
};

export const detectJava = (facts: RepositoryFacts): DetectedTool | null => {
  const maven = facts.read("pom.xml");
  if (maven !== null) {
    const command = hasFile(facts, "mvnw") ? "./mvnw" : "mvn";
    return {
      language: "Java",
      manager: "Maven",
      steps: [setUpJava(facts, maven)],
      verify: [`${command} --batch-mode verify`],
      hasTests: true,
    };
  }
  const gradle = findFirstFile(facts, ["build.gradle.kts", "build.gradle", "settings.gradle.kts", "settings.gradle"]);
  if (gradle === null) return null;
  const command = hasFile(facts, "gradlew") ? "./gradlew" : "gradle";
  return {
    language: "Java",
    manager: "Gradle",
    steps: [setUpJava(facts, facts.read(gradle) ?? "")],
    verify: [`${command} --no-daemon check`],
    hasTests: true,
  };
};

export const detectRuby = (facts: RepositoryFacts): DetectedTool | null => {
  const gemfile = facts.read("Gemfile");
  if (gemfile === null) return null;
  const isVersioned = findFirstFile(facts, [".ruby-version", ".tool-versions"]) !== null || /^\s*ruby\b/m.test(gemfile);
  const test = findRubyTest(facts, gemfile);
  return {
    language: "Ruby",
    manager: "Bundler",
    steps: [
      { name: "Set up Ruby", uses: PINNED_ACTIONS.ruby, inputs: { "ruby-version": isVersioned ? "default" : DEFAULT_VERSIONS.ruby } },
    ],
    verify: ["bundle install", ...(test === null ? [] : [test])],
    hasTests: test !== null,
  };
};

const findRubyTest = (facts: RepositoryFacts, gemfile: string): string | null => {
  if (hasFile(facts, "bin/rails") && facts.paths.some((path) => path.startsWith("test/"))) return "bin/rails test";
  if (/\brspec\b/.test(`${gemfile}${facts.read("Gemfile.lock") ?? ""}`)) return "bundle exec rspec";
  return hasFile(facts, "Rakefile") ? "bundle exec rake test" : null;
};

export const detectDotnet = (facts: RepositoryFacts): DetectedTool | null => {
  const project = facts.paths.find((path) => /\.(cs|fs|vb)proj$/.test(path)) ?? null;
  if (project === null && findTopFile(facts, /\.slnx?$/) === null) return null;
  const target = /<TargetFrameworks?>(?:[^<]*;)?net(\d+\.\d+)/.exec(project === null ? "" : (facts.read(project) ?? ""));
  const step: SetUpStep = hasFile(facts, "global.json")
    ? { name: "Set up .NET", uses: PINNED_ACTIONS.dotnet, fileInputs: { "global-json-file": "global.json" } }
    : {
        name: "Set up .NET",
        uses: PINNED_ACTIONS.dotnet,
        inputs: { "dotnet-version": target ? `${target[1] ?? ""}.x` : DEFAULT_VERSIONS.dotnet },
      };
  return { language: ".NET", manager: "dotnet", steps: [step], verify: ["dotnet test"], hasTests: true };
};

export const detectPhp = (facts: RepositoryFacts): DetectedTool | null => {
  const manifest = readJsonRecord(facts.read("composer.json"));
  if (!manifest) return null;
  const { scripts } = manifest;
  const hasScript = typeof scripts === "object" && scripts !== null && "test" in scripts;
  const hasUnit = findFirstFile(facts, ["phpunit.xml", "phpunit.xml.dist", "phpunit.dist.xml"]) !== null;
  const test = hasScript ? ["composer test"] : hasUnit ? ["vendor/bin/phpunit"] : [];
  return {
    language: "PHP",
    manager: "Composer",
    steps: [{ name: "Set up PHP", uses: PINNED_ACTIONS.php, inputs: { "php-version": DEFAULT_VERSIONS.php, coverage: "none" } }],
    verify: ["composer install --no-interaction", ...test],
    hasTests: test.length > 0,
  };
};

/** A Makefile with a target that tests; for projects without other tests. */
export const detectMake = (facts: RepositoryFacts): DetectedTool | null => {
  const file = findFirstFile(facts, ["Makefile", "makefile", "GNUmakefile"]);
  const target = /^(test|check)\s*:(?!=)/m.exec(file === null ? "" : (facts.read(file) ?? ""))?.[1];
  return target === undefined ? null : { language: "Make", manager: "make", steps: [], verify: [`make ${target}`], hasTests: true };
};
