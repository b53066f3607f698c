import type { DetectedTool } from "./detected-tool.ts";
import { findFirstFile, hasFile, type RepositoryFacts } from "./repository-facts.ts";
import { PINNED_ACTIONS, type SetUpStep } from "./set-up-step.ts";

const MARKS = ["pyproject.toml", "requirements.txt", "setup.py", "setup.cfg", "Pipfile"];
const REQUIREMENTS = ["requirements.txt", "requirements-dev.txt", "requirements-test.txt", "dev-requirements.txt", "test-requirements.txt"];
const POETRY_PACKAGE = "poetry==2.5.1";
const UV_PACKAGE = "uv==0.13.9";

/** A Python project by its manifest. */
export const detectPython = (facts: RepositoryFacts): DetectedTool | null => {
  if (findFirstFile(facts, MARKS) === null) return null;
  const project = facts.read("pyproject.toml") ?? "";
  const manager = findManager(facts, project);
  const usesPytest = isPytestProject(facts, project);
  const runner = usesPytest ? "pytest" : "unittest";
  return {
    language: "Python",
    manager,
    steps: setUpPython(facts, project, manager),
    verify: VERIFY_COMMANDS[manager](facts, runner),
    otherVerify: PYTHON_MANAGERS.flatMap((name) => TEST_RUNNERS.map((each) => VERIFY_COMMANDS[name](facts, each))),
    hasTests: usesPytest || facts.paths.some((path) => /(^|\/)tests?\/.*\.py$|(^|\/)test_[^/]+\.py$/.test(path)),
  };
};

const PYTHON_MANAGERS = ["uv", "poetry", "pip"] as const;
type PythonManager = (typeof PYTHON_MANAGERS)[number];

const findManager = (facts: RepositoryFacts, project: string): PythonManager => {
  if (hasFile(facts, "uv.lock") || /^\[tool\.uv/m.test(project)) return "uv";
  return hasFile(facts, "poetry.lock") || /^\[tool\.poetry/m.test(project) ? "poetry" : "pip";
};

const isPytestProject = (facts: RepositoryFacts, project: string): boolean =>
  [project, ...REQUIREMENTS.map((path) => facts.read(path) ?? ""), facts.read("setup.cfg") ?? "", facts.read("tox.ini") ?? ""].some(
    (text) => /\bpytest\b/.test(text),
  ) || facts.paths.some((path) => /(^|\/)(conftest\.py|pytest\.ini)$/.test(path));

const TEST_RUNNERS = ["pytest", "unittest"] as const;
type TestRunner = (typeof TEST_RUNNERS)[number];

const formatTests = (runner: TestRunner): string => (runner === "pytest" ? "pytest" : "python -m unittest");

const VERIFY_COMMANDS: Readonly<Record<PythonManager, (facts: RepositoryFacts, runner: TestRunner) => string[]>> = {
  uv: (facts, runner) => [hasFile(facts, "uv.lock") ? "uv sync --locked" : "uv sync", `uv run ${formatTests(runner)}`],
  poetry: (_, runner) => ["poetry install", `poetry run ${formatTests(runner)}`],
  pip: (facts, runner) => {
    const files = REQUIREMENTS.filter((path) => hasFile(facts, path));
    const isPackage = findFirstFile(facts, ["pyproject.toml", "setup.py"]) !== null;
    const installs = [...files.map((path) => `-r ${path}`), ...(isPackage ? ["-e ."] : [])];
    const isNamed = files.some((path) => /\bpytest\b/.test(facts.read(path) ?? ""));
    if (runner === "pytest" && !isNamed) installs.push("pytest");
    const install = installs.length === 0 ? [] : [`python -m pip install ${installs.join(" ")}`];
    return [...install, runner === "pytest" ? "python -m pytest" : formatTests(runner)];
  },
};

const setUpPython = (facts: RepositoryFacts, project: string, manager: PythonManager): SetUpStep[] => {
  const wanted = /^requires-python\s*=/m.test(project) ? "pyproject.toml" : null;
  const file = hasFile(facts, ".python-version") ? ".python-version" : wanted;
  const python: SetUpStep = {
    name: "Set up Python",
    uses: PINNED_ACTIONS.python,
    ...(file === null ? { inputs: { "python-version": "3.x" } } : { fileInputs: { "python-version-file": file } }),
  };
  if (manager === "pip") return [python];
  const name = manager === "uv" ? UV_PACKAGE : POETRY_PACKAGE;
  return [python, { name: `Set up ${manager}`, run: [`python -m pip install ${name}`] }];
};
