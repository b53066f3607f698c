import { describe, expect, test } from "vitest";
import { detectProject } from "../../../src/core/setup/detect-project.ts";
import { factsOf } from "./repository-facts.ts";

const TESTED = '{"scripts":{"test":"vitest"}}';

describe("detectProject", () => {
  test.each<[title: string, files: Record<string, string>, tools: string, verify: string[], steps: string[]]>([
    [
      "npm with a lock file",
      { "package.json": TESTED, "package-lock.json": "{}" },
      "Node.js (npm)",
      ["npm ci", "npm test"],
      ["Set up Node.js"],
    ],
    ["npm without a lock file", { "package.json": TESTED }, "Node.js (npm)", ["npm install", "npm test"], ["Set up Node.js"]],
    [
      "pnpm",
      { "package.json": TESTED, "pnpm-lock.yaml": "" },
      "Node.js (pnpm)",
      ["pnpm install --frozen-lockfile", "pnpm test"],
      ["Set up Node.js", "Set up pnpm"],
    ],
    [
      "Yarn 1, which the runner's image has",
      { "package.json": TESTED, "yarn.lock": "" },
      "Node.js (yarn)",
      ["yarn install --frozen-lockfile", "yarn test"],
      ["Set up Node.js"],
    ],
    [
      "Yarn 4",
      { "package.json": '{"packageManager":"yarn@4.1.0","scripts":{"test":"jest"}}', "yarn.lock": "" },
      "Node.js (yarn)",
      ["yarn install --immutable", "yarn test"],
      ["Set up Node.js", "Set up yarn"],
    ],
    [
      "Bun",
      { "package.json": TESTED, "bun.lock": "" },
      "Node.js (bun)",
      ["bun install --frozen-lockfile", "bun run test"],
      ["Set up Node.js", "Set up Bun"],
    ],
    [
      "pip with pytest",
      { "requirements.txt": "flask\n", "tests/conftest.py": "" },
      "Python (pip)",
      ["python -m pip install -r requirements.txt pytest", "python -m pytest"],
      ["Set up Python"],
    ],
    [
      "pip with unittest",
      { "setup.py": "", "tests/test_all.py": "" },
      "Python (pip)",
      ["python -m pip install -e .", "python -m unittest"],
      ["Set up Python"],
    ],
    [
      "Poetry",
      { "pyproject.toml": '[tool.poetry]\nname = "a"\n[tool.pytest.ini_options]\n', "poetry.lock": "" },
      "Python (poetry)",
      ["poetry install", "poetry run pytest"],
      ["Set up Python", "Set up poetry"],
    ],
    [
      "uv",
      { "pyproject.toml": '[project]\nrequires-python = ">=3.12"\n[dependency-groups]\ndev = ["pytest"]\n', "uv.lock": "" },
      "Python (uv)",
      ["uv sync --locked", "uv run pytest"],
      ["Set up Python", "Set up uv"],
    ],
    ["Go", { "go.mod": "module a\n" }, "Go (go)", ["go test ./..."], ["Set up Go"]],
    ["Rust", { "Cargo.toml": "", "Cargo.lock": "" }, "Rust (cargo)", ["cargo test --locked"], ["Set up Rust"]],
    ["Maven", { "pom.xml": "<java.version>17</java.version>", mvnw: "" }, "Java (Maven)", ["./mvnw --batch-mode verify"], ["Set up Java"]],
    ["Gradle", { "build.gradle.kts": "", gradlew: "" }, "Java (Gradle)", ["./gradlew --no-daemon check"], ["Set up Java"]],
    ["RSpec", { Gemfile: 'gem "rspec"\n' }, "Ruby (Bundler)", ["bundle install", "bundle exec rspec"], ["Set up Ruby"]],
    [
      "Rails",
      { Gemfile: "", "bin/rails": "", "test/a_test.rb": "" },
      "Ruby (Bundler)",
      ["bundle install", "bin/rails test"],
      ["Set up Ruby"],
    ],
    [".NET", { "src/a.csproj": "<TargetFramework>net9.0</TargetFramework>" }, ".NET (dotnet)", ["dotnet test"], ["Set up .NET"]],
    [
      "PHP",
      { "composer.json": "{}", "phpunit.xml.dist": "" },
      "PHP (Composer)",
      ["composer install --no-interaction", "vendor/bin/phpunit"],
      ["Set up PHP"],
    ],
    ["Make", { Makefile: "all: a\n\ntest: all\n\tsh t.sh\n" }, "Make (make)", ["make test"], []],
    [
      "several languages",
      { "package.json": TESTED, "package-lock.json": "{}", "go.mod": "" },
      "Node.js (npm), Go (go)",
      ["npm ci", "npm test", "go test ./..."],
      ["Set up Node.js", "Set up Go"],
    ],
    ["nothing known", { "README.md": "" }, "", [], []],
    [
      "a test script that npm init wrote",
      { "package.json": '{"scripts":{"test":"echo \\"Error: no test specified\\" && exit 1"}}' },
      "Node.js (npm)",
      [],
      ["Set up Node.js"],
    ],
    [
      "tests by a Makefile only",
      { "package.json": "{}", Makefile: "check:\n" },
      "Node.js (npm), Make (make)",
      ["npm install", "make check"],
      ["Set up Node.js"],
    ],
    ["a manifest that is no JSON", { "package.json": "{" }, "", [], []],
  ])("%s", (_, files, tools, verify, steps) => {
    const project = detectProject(factsOf(files));
    expect(project.tools.map(({ language, manager }) => `${language} (${manager})`).join(", ")).toBe(tools);
    expect(project.verify).toEqual(verify);
    expect(project.tools.flatMap((tool) => tool.steps.map(({ name }) => name))).toEqual(steps);
  });

  test("versions come from the repository's own files", () => {
    const stepOf = (files: Record<string, string>) => detectProject(factsOf(files)).tools[0]?.steps[0];
    expect(stepOf({ "package.json": "{}", ".nvmrc": "22" })?.fileInputs).toEqual({ "node-version-file": ".nvmrc" });
    expect(stepOf({ "package.json": '{"engines":{"node":">=20"}}' })?.fileInputs).toEqual({ "node-version-file": "package.json" });
    expect(stepOf({ "package.json": "{}" })?.inputs).toMatchObject({ "node-version": "24" });
    expect(stepOf({ "pyproject.toml": 'requires-python = ">=3.9"' })?.fileInputs).toEqual({ "python-version-file": "pyproject.toml" });
    expect(stepOf({ "build.gradle": "JavaLanguageVersion.of(17)" })?.inputs).toMatchObject({ "java-version": "17" });
    expect(stepOf({ "pom.xml": "", ".java-version": "11" })?.fileInputs).toEqual({ "java-version-file": ".java-version" });
    expect(stepOf({ "a.sln": "", "global.json": "{}" })?.fileInputs).toEqual({ "global-json-file": "global.json" });
  });

  test("submodules, large files and other CI are noticed, Enki's own workflow is no CI", () => {
    const project = detectProject(
      factsOf({
        ".gitmodules": "",
        ".gitattributes": "*.bin filter=lfs diff=lfs\n",
        ".github/workflows/ci.yml": "",
        ".github/workflows/enki-step.yml": "",
        Jenkinsfile: "",
      }),
    );
    expect(project).toMatchObject({ hasSubmodules: true, hasLargeFiles: true, ci: [".github/workflows/ci.yml", "Jenkinsfile"] });
  });
});
