// Repositories and options of `enki init` that together produce every kind of workflow file. `--pull-request` is missing, because it writes
// the same files to a branch.
const JOBS = [
  "[jobs]",
  "setup = '- run: ./prepare.sh'",
  "verify_setup = '- run: make database'",
  "[jobs.services.db]",
  'image = "postgres:17"',
  'env = { POSTGRES_PASSWORD = "test" }',
  'ports = ["5432:5432"]',
  'options = "--health-cmd pg_isready"',
].join("\n");
const MACHINES = [
  "[jobs.runs_on]",
  'agent = ["self-hosted", "linux", "x64"]',
  'verify = "ubuntu-24.04"',
  'publish = "ubuntu-slim"',
  'coordinate = ["self-hosted", "linux"]',
  'short = "ubuntu-slim"',
].join("\n");
const LANES = '[refinery.lanes]\nweb = ["web/**"]\napi = ["api/**"]';
const CONFIG = ".enki/enki.toml";

const NODE = { "package.json": '{"scripts":{"test":"x"}}' };
const GO = { "go.mod": "module a\n" };
const EVERYTHING = {
  "package.json": '{"scripts":{"test":"x"},"engines":{"node":"22"},"packageManager":"pnpm@9.0.0"}',
  "uv.lock": "",
  "pyproject.toml": 'requires-python = ">=3.12"\n',
  ...GO,
  "Cargo.toml": "",
  "pom.xml": "",
  Gemfile: "",
  "a.csproj": "",
  "composer.json": "{}",
  ".gitmodules": "",
  ".gitattributes": "* filter=lfs\n",
};
const SERVER = "git@ghes.example:octo/demo.git";

/** By name: the files of the repository, the options of `enki init`, and the address of its remote, if any. */
export const PROJECTS = {
  nothing: { files: { "README.md": "" }, options: [] },
  npm: { files: { ...NODE, "package-lock.json": "{}", ".nvmrc": "22\n" }, options: [] },
  pnpm: { files: { ...NODE, "pnpm-lock.yaml": "" }, options: ["--agent", "codex"] },
  yarn: { files: { ...NODE, "yarn.lock": "", ".yarnrc.yml": "" }, options: ["--agent", "gemini"] },
  bun: { files: { ...NODE, "bun.lock": "" }, options: ["--agent", "opencode"] },
  pip: { files: { "requirements.txt": "pytest\n", ".python-version": "3.12\n" }, options: [] },
  poetry: { files: { "pyproject.toml": "[tool.poetry]\n", "poetry.lock": "" }, options: [] },
  uv: { files: { "pyproject.toml": "", "uv.lock": "" }, options: [] },
  go: { files: GO, options: [] },
  rust: { files: { "Cargo.toml": "", "Cargo.lock": "" }, options: [] },
  maven: { files: { "pom.xml": "", mvnw: "" }, options: [] },
  gradle: { files: { "build.gradle.kts": "", gradlew: "" }, options: [] },
  ruby: { files: { Gemfile: "", ".ruby-version": "3.4\n" }, options: [] },
  dotnet: { files: { "a.sln": "", "global.json": "{}" }, options: [] },
  php: { files: { "composer.json": "{}", "phpunit.xml": "" }, options: [] },
  everything: { files: EVERYTHING, options: [] },
  "everything, vendored": { files: EVERYTHING, options: ["--vendor"] },
  "everything, for an App": { files: EVERYTHING, options: ["--app"] },
  "everything, on a server": { files: EVERYTHING, options: [], origin: SERVER },
  "an agent's command line": { files: NODE, options: ["--agent", "my-agent --fast", "--verify", "make a"] },
  "a secret of the repository": { files: NODE, options: ["--repository-secret"], origin: "git@github.com:octo/demo.git" },
  "jobs and machines": { files: { ...GO, [CONFIG]: `${JOBS}\n${MACHINES}\n${LANES}\n` }, options: [] },
  "jobs and machines, vendored, with a secret of the repository": {
    files: { ...EVERYTHING, [CONFIG]: `${JOBS}\n${MACHINES}\n` },
    options: ["--vendor", "--repository-secret"],
  },
  "jobs, vendored, for an App on a server": { files: { ...NODE, [CONFIG]: JOBS }, options: ["--vendor", "--app"], origin: SERVER },
};
