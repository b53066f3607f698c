import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { NoOperationTraceWriter, parseWorkflow } from "@actions/workflow-parser";
import { parse } from "yaml";
import { describe, expect, test } from "vitest";
import { PRESET_NAMES } from "../../../src/core/domain/agent-command.ts";
import { findPreferredProgram } from "../../../src/core/domain/agent-program.ts";
import { ACTION_REFERENCE } from "../../../src/core/domain/product.ts";
import { readConfig } from "../../../src/core/config/read-config.ts";
import { detectProject } from "../../../src/core/setup/detect-project.ts";
import { dropFirstLine, planFileChange, readGeneratedVersion, readOrigin, sealGenerated } from "../../../src/core/setup/generated-file.ts";
import {
  CONFIG_PATH,
  COORDINATOR_WORKFLOW_PATHS,
  renderSetUp,
  type SetUpChoices,
  STEP_WORKFLOW_PATH,
} from "../../../src/core/setup/plan-set-up.ts";
import { deriveApiUrl, readRemoteAddress } from "../../../src/core/setup/remote-address.ts";
import { factsOf } from "./repository-facts.ts";
import { PROJECTS } from "../../../scripts/set-up-projects.mjs";

const readShipped = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
const SHIPPED = readShipped(STEP_WORKFLOW_PATH);
const hash = (text: string): string => createHash("sha256").update(text).digest("hex");

type Step = {
  name?: string;
  if?: string;
  uses?: string;
  run?: string;
  with?: Record<string, string>;
  env?: Record<string, string>;
  "working-directory"?: string;
};
type Job = { environment?: unknown; permissions?: unknown; "runs-on"?: unknown; services?: unknown; steps: Step[] };
type Workflow = { jobs: Record<string, Job> };

const jobsOf = (text: string): SetUpChoices["jobs"] => {
  const { effectiveFile, faults } = readConfig([{ path: CONFIG_PATH, text: `[jobs]\n${text}` }]);
  expect(faults).toEqual([]);
  return effectiveFile.jobs;
};

const setUp = (files: Record<string, string>, over: Partial<SetUpChoices> = {}) => {
  const project = detectProject(factsOf(files));
  const rendered = renderSetUp(
    {
      stepWorkflow: SHIPPED,
      coordinatorWorkflows: new Map(COORDINATOR_WORKFLOW_PATHS.map((path) => [path, readShipped(path)])),
      action: new Map([["action.yml", "name: Enki\n"]]),
    },
    {
      project,
      verify: project.verify,
      verifyOrigin: "detected",
      agent: { words: ["my-agent", "--fast"] },
      isVendored: false,
      usesEnvironment: true,
      usesApp: false,
      jobs: jobsOf(""),
      isOnServer: false,
      ...over,
    },
  );
  const text = rendered.get(STEP_WORKFLOW_PATH) ?? "";
  return { rendered, text, workflow: parse(text) as Workflow, config: rendered.get(CONFIG_PATH) ?? "" };
};

const faultsOf = (text: string): string[] =>
  parseWorkflow({ name: "enki-step.yml", content: text }, new NoOperationTraceWriter())
    .context.errors.getErrors()
    .map(({ message }) => message);

const EVERYTHING = PROJECTS["everything"]?.files ?? {};

describe("the workflow file of a set-up", () => {
  test.each([
    ["every language at once", EVERYTHING, {}],
    ["every language and a vendored action", EVERYTHING, { isVendored: true }],
    ["nothing to set up", {}, { usesEnvironment: false }],
    ["an App", {}, { usesApp: true }],
  ])("%s: GitHub's parser finds no fault", (_, files, over) => {
    expect(faultsOf(setUp(files, over).text)).toEqual([]);
  });

  test("nothing detected leaves the shipped file without the marks of set-up steps", () => {
    expect(setUp({}, { usesApp: true }).text).toBe(SHIPPED.replaceAll(/^ {6}# Set-up steps.*\n/gm, ""));
  });

  test("set-up steps stand between the checkout and the work, and run only in a claimed job", () => {
    const { jobs } = setUp({ "package.json": '{"scripts":{"test":"x"}}', ".gitmodules": "" }).workflow;
    expect(jobs["agent"]?.steps.map(({ name, uses }) => name ?? uses).slice(0, 3)).toEqual([
      ACTION_REFERENCE,
      "Set up Node.js",
      ACTION_REFERENCE,
    ]);
    expect(jobs["verify"]?.steps.map(({ name, uses }) => name ?? uses).slice(0, 4)).toEqual([
      ACTION_REFERENCE,
      "Check out submodules",
      "Set up Node.js",
      ACTION_REFERENCE,
    ]);
    const named = Object.values(jobs).flatMap(({ steps }) => steps.filter(({ name }) => name !== undefined));
    expect(new Set(named.map((step) => step.if))).toEqual(new Set(["steps.prepare.outputs.claimed == 'true'"]));
  });

  test("without an App, the job that publishes coordinates next; its failure changes no conclusion, and wakes enki.yml", () => {
    const { jobs } = setUp({}).workflow;
    const steps = (jobs["publish"]?.steps ?? []).map(({ uses, with: inputs, ...step }) => ({
      ...step,
      command: inputs?.["command"] ?? uses ?? "",
    }));
    expect(steps.map(({ command }) => command.replace(/@.*/, ""))).toEqual([
      "actions/download-artifact",
      "publish",
      "actions/upload-artifact",
      "deliver",
      "coordinate",
      "clock",
    ]);
    expect(jobs["publish"]?.steps[3]?.with?.["wake"]).toBe("${{ steps.publish.outputs.coordinates != 'true' }}");
    expect(steps[4]).toMatchObject({
      if: "steps.publish.outputs.commit != '' && steps.publish.outputs.coordinates == 'true'",
      "continue-on-error": true,
    });
    expect(steps[5]?.if).toBe("steps.coordinate.outcome == 'failure' || steps.coordinate.outputs.wake-in != ''");
    expect(jobs["publish"]).toMatchObject({ environment: { name: "enki" } });
    expect(jobs["rescue"]).toMatchObject({ needs: "publish", if: "always() && needs.publish.result == 'failure'" });
    expect(setUp({}, { usesEnvironment: false }).workflow.jobs["publish"]?.environment).toBeUndefined();
    expect(setUp({}, { usesApp: true }).workflow.jobs).not.toHaveProperty("rescue");
  });

  test("a job coordinates with the same inputs, permissions and variables in both workflow files", () => {
    const { rendered, workflow } = setUp({});
    const other = parse(rendered.get(".github/workflows/enki.yml") ?? "") as Workflow;
    const select = (job: Workflow["jobs"][string] | undefined) => {
      const step = job?.steps.find((each) => each.with?.["command"] === "coordinate");
      return { permissions: job?.permissions, with: step?.with, env: step?.env };
    };
    expect(select(workflow.jobs["publish"])).toEqual(select(other.jobs["coordinate"]));
  });

  test("every action of others is pinned to a commit", () => {
    const { jobs } = setUp(EVERYTHING, { isVendored: true }).workflow;
    const used = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ uses }) => uses ?? []));
    expect(used.filter((uses) => !/^\.\/enki\/\.github\/enki$|@[0-9a-f]{40}$/.test(uses))).toEqual([]);
    expect(used.length).toBeGreaterThan(20);
  });

  test("no job of Enki writes a cache, which CI with more rights would read", () => {
    const { text, workflow } = setUp(EVERYTHING);
    expect(text).not.toMatch(/actions\/cache/);
    const inputs = Object.values(workflow.jobs).flatMap(({ steps }) => steps.map((step) => ({ uses: step.uses ?? "", ...step.with })));
    for (const step of inputs as Record<string, unknown>[]) {
      if (String(step["uses"]).includes("setup-node")) expect(step["package-manager-cache"]).toBe(false);
      if (String(step["uses"]).includes("setup-go")) expect(step["cache"]).toBe(false);
    }
  });

  test("a known agent is installed in its own job only, with a Node of its own where the project uses none", () => {
    const runs = (job: string, files: Record<string, string>) =>
      (setUp(files, { agent: { preset: "claude" } }).workflow.jobs[job]?.steps ?? []).flatMap(({ name }) => name ?? []);
    expect(runs("agent", { "go.mod": "" })).toEqual(["Set up Go", "Set up Node.js for the agent", "Install the agent"]);
    expect(runs("agent", { "package.json": "{}" })).toEqual(["Set up Node.js", "Install the agent"]);
    expect(runs("verify", { "go.mod": "" })).toEqual(["Set up Go"]);
  });

  test("a vendored action is checked out from the default branch, and the repository lies beside it", () => {
    const { workflow, rendered } = setUp({ ".nvmrc": "22", "package.json": "{}" }, { isVendored: true });
    for (const { steps } of Object.values(workflow.jobs)) {
      expect(steps[0]?.with).toMatchObject({
        path: "enki",
        "persist-credentials": false,
        ref: "${{ github.event.repository.default_branch }}",
      });
      const own = steps.filter(({ uses }) => uses === "./enki/.github/enki");
      expect(own.length).toBeGreaterThan(0);
      for (const step of own) expect(step.with?.["directory"]).toBe("work");
    }
    const node = workflow.jobs["verify"]?.steps.find(({ name }) => name === "Set up Node.js");
    expect(node?.with?.["node-version-file"]).toBe("work/.nvmrc");
    expect(rendered.get(".github/enki/action.yml")).toBe("name: Enki\n");
  });

  test("without environments the key is a secret of the repository", () => {
    expect(setUp({}).workflow.jobs["agent"]?.environment).toEqual({ name: "enki", deployment: false });
    expect(setUp({}, { usesEnvironment: false }).workflow.jobs["agent"]?.environment).toBeUndefined();
  });
});

describe("[jobs] of a repository", () => {
  const JOBS = jobsOf(`setup = '''
# Pinned by us.
- uses: actions/cache@0057852bfaa89a56745cba8c7296529d2fc39830 # v4.3.0
  with: { path: x, key: x }
- name: Prepare
  if: \${{ runner.os == 'Linux' || failure() }}
  run: |
    make one

    make two
'''
verify_setup = "- run: make database"
[jobs.services.db]
image = "postgres:17"
env = { POSTGRES_PASSWORD = "a \\"b\\": \${{ secrets.DB }}" }
ports = ["5432:5432"]
options = "--health-cmd pg_isready"
[jobs.runs_on]
agent = "ubuntu-24.04"
verify = ["self-hosted", "linux"]
publish = "small"
coordinate = "tiny:1"
`);
  const CLAIMED = "steps.prepare.outputs.claimed == 'true'";

  test.each([
    ["on its own", {}, {}],
    ["beside every language", EVERYTHING, {}],
    ["with a vendored action", {}, { isVendored: true }],
    ["with an App", {}, { usesApp: true }],
  ])("%s: GitHub's parser finds no fault in any file", (_, files, over) => {
    const { rendered } = setUp(files, { jobs: JOBS, ...over });
    const paths = [...rendered.keys()].filter((path) => path.startsWith(".github/workflows/"));
    expect(paths.flatMap((path) => faultsOf(rendered.get(path) ?? ""))).toEqual([]);
  });

  test("its steps run after those of the languages, before the agent and before verification, and only in a claimed job", () => {
    const { workflow, text } = setUp({ "go.mod": "" }, { jobs: JOBS });
    const steps = (job: string) => (workflow.jobs[job]?.steps ?? []).slice(1, -2).map(({ name, uses, run }) => name ?? uses ?? run);
    const cache = "actions/cache@0057852bfaa89a56745cba8c7296529d2fc39830";
    expect(steps("agent")).toEqual(["Set up Go", cache, "Prepare"]);
    expect(steps("verify")).toEqual(["Set up Go", cache, "Prepare", "make database"]);
    const prepare = workflow.jobs["verify"]?.steps.find(({ name }) => name === "Prepare");
    expect(prepare).toEqual({
      name: "Prepare",
      if: `${CLAIMED} && (runner.os == 'Linux' || failure())`,
      run: "make one\n\nmake two\n",
    });
    expect(workflow.jobs["verify"]?.steps.find(({ run }) => run === "make database")?.if).toBe(CLAIMED);
    expect(text).toContain("      # Pinned by us.\n      - uses:");
    expect(text).toContain(" # v4.3.0\n");
    expect(text).not.toMatch(/ +$/m);
  });

  test("stays in the configuration that set-up writes", () => {
    const { faults, effectiveFile } = readConfig([{ path: CONFIG_PATH, text: setUp({}, { jobs: JOBS }).config }]);
    expect(faults).toEqual([]);
    expect(effectiveFile.jobs).toEqual(JOBS);
  });

  test("beside a vendored action its commands run in the repository", () => {
    const { jobs } = setUp({}, { jobs: JOBS, isVendored: true }).workflow;
    expect(jobs["verify"]?.steps.find(({ name }) => name === "Prepare")?.["working-directory"]).toBe("work");
  });

  test("only the verify job has the service containers", () => {
    const { jobs } = setUp({}, { jobs: JOBS }).workflow;
    expect(Object.entries(jobs).flatMap(([name, { services }]) => (services === undefined ? [] : [[name, services]]))).toEqual([
      [
        "verify",
        {
          db: {
            image: "postgres:17",
            env: { POSTGRES_PASSWORD: 'a "b": ${{ secrets.DB }}' },
            ports: ["5432:5432"],
            options: "--health-cmd pg_isready",
          },
        },
      ],
    ]);
  });

  test("each kind of job runs on its own machine", () => {
    const { workflow, rendered } = setUp({}, { jobs: JOBS });
    const runners = ({ jobs }: Workflow) => Object.fromEntries(Object.entries(jobs).map(([name, job]) => [name, job["runs-on"]]));
    expect(runners(workflow)).toEqual({ agent: "ubuntu-24.04", verify: ["self-hosted", "linux"], publish: "small", rescue: "small" });
    expect(COORDINATOR_WORKFLOW_PATHS.map((path) => runners(parse(rendered.get(path) ?? "") as Workflow))).toEqual([
      { gate: "tiny:1", coordinate: "tiny:1", clock: "tiny:1" },
      { tell: "tiny:1" },
    ]);
  });

  test.each([
    ["a machine of their own", { ...JOBS.runs_on, short: "slim" }, "slim"],
    ["the machine of the coordinator or of publishing", JOBS.runs_on, undefined],
  ])("the short jobs run on %s", (_, runs_on, short) => {
    const { workflow, rendered } = setUp({}, { jobs: { ...JOBS, runs_on } });
    const files = [workflow, ...COORDINATOR_WORKFLOW_PATHS.map((path) => parse(rendered.get(path) ?? "") as Workflow)];
    const runners = Object.assign({}, ...files.map(({ jobs }) => jobs)) as Workflow["jobs"];
    expect(Object.fromEntries(Object.entries(runners).map(([name, job]) => [name, job["runs-on"]]))).toEqual({
      agent: "ubuntu-24.04",
      verify: ["self-hosted", "linux"],
      publish: "small",
      rescue: short ?? "small",
      gate: short ?? "tiny:1",
      coordinate: "tiny:1",
      clock: short ?? "tiny:1",
      tell: short ?? "tiny:1",
    });
  });

  test("without it, the files are as they were", () => {
    const before = parse(SHIPPED) as Workflow;
    const { jobs } = setUp({}, { usesApp: true }).workflow;
    expect(Object.values(jobs).map((job) => job["runs-on"])).toEqual(Object.values(before.jobs).map((job) => job["runs-on"]));
  });
});

describe("the workflow files that coordinate without an App", () => {
  test.each([
    ["as they are shipped", {}],
    ["with a vendored action", { isVendored: true }],
    ["with a secret of the repository", { usesEnvironment: false }],
  ])("%s: GitHub's parser finds no fault", (_, over) => {
    const { rendered } = setUp({}, over);
    expect(COORDINATOR_WORKFLOW_PATHS.flatMap((path) => faultsOf(rendered.get(path) ?? ""))).toEqual([]);
  });

  test("the stub for reviews has no rights, uses no action and reads no text of a person into a command", () => {
    const { permissions, jobs } = parse(setUp({}, { isVendored: true }).rendered.get(COORDINATOR_WORKFLOW_PATHS[1] ?? "") ?? "") as {
      permissions: object;
      jobs: Record<string, { permissions?: object; steps: Step[] }>;
    };
    expect(permissions).toEqual({});
    expect(Object.values(jobs)).toMatchObject([{ steps: [{ run: "true" }] }]);
    expect(Object.values(jobs).map(({ permissions: own }) => own)).toEqual([{}]);
  });

  test("each job that uses a vendored action checks it out from the default branch", () => {
    const { jobs } = parse(setUp({}, { isVendored: true }).rendered.get(COORDINATOR_WORKFLOW_PATHS[0] ?? "") ?? "") as Workflow;
    for (const { steps } of Object.values(jobs))
      expect(steps.map(({ uses }) => uses?.split("@")[0])).toEqual(["actions/checkout", "./enki/.github/enki"]);
  });

  test("no repository whose App coordinates has them", () => {
    const { rendered } = setUp({}, { usesApp: true });
    expect([...rendered.keys()]).toEqual([CONFIG_PATH, STEP_WORKFLOW_PATH]);
  });
});

describe("the workflow file of a repository on a GitHub Enterprise Server", () => {
  test("uses the releases of the artifact actions that the server accepts, by commit", () => {
    const { text } = setUp({}, { isOnServer: true });
    const used = [...text.matchAll(/uses: (actions\/\w+-artifact@.*)/g)].map(([, action]) => action);
    const upload = "actions/upload-artifact@a8a3f3ad30e3422c9c7b888a15615d19a852ae32 # v3.1.3";
    const download = "actions/download-artifact@9bc31d5ccc31df68ecc42ccf4149144866c47d8a # v3.0.2";
    expect(used).toEqual([upload, upload, download, upload]);
    expect(faultsOf(text)).toEqual([]);
  });

  test("has only inputs that these releases know, and is otherwise the same file", () => {
    const known = ["name", "path", "if-no-files-found", "retention-days"];
    const { workflow, text } = setUp({}, { isOnServer: true });
    const steps = Object.values(workflow.jobs).flatMap((job) => job.steps.filter(({ uses = "" }) => /-artifact@/.test(uses)));
    expect(steps.flatMap((each) => Object.keys(each.with ?? {})).filter((name) => !known.includes(name))).toEqual([]);
    const withoutArtifacts = (file: string): string =>
      file.replaceAll(/.*(?:-artifact@|include-hidden-files).*\n/g, "").replaceAll(", deployment: false", "");
    expect(withoutArtifacts(text)).toBe(withoutArtifacts(setUp({}).text));
  });

  test("names environments without the key that only github.com knows, in every file", () => {
    const { rendered } = setUp({}, { isOnServer: true });
    const texts = [...rendered].filter(([path]) => path.endsWith(".yml")).map(([, text]) => text);
    expect(texts.join("").match(/^ {4}environment: .*$/gm)).toEqual(Array(4).fill("    environment: { name: enki }"));
    expect(texts.flatMap(faultsOf)).toEqual([]);
  });
});

describe("the configuration of a set-up", () => {
  test.each(PRESET_NAMES)("with %s is without a mistake, and contains no key", (preset) => {
    const { config } = setUp({ "go.mod": "" }, { agent: { preset } });
    const read = readConfig([{ path: CONFIG_PATH, text: config, kind: "config" }]);
    expect(read.faults).toEqual([]);
    expect(read.config.agents.worker).toMatchObject({ preset, command: null, args: [], env: {} });
    expect(read.config.refinery.verify).toEqual(["go test ./..."]);
  });

  test.each(PRESET_NAMES)("installs the version of %s that Enki is tested with", (preset) => {
    const { package: name, version } = findPreferredProgram(preset);
    expect(setUp({}, { agent: { preset } }).text).toContain(
      `run: npm ls --global --depth 0 ${name}@${version} > /dev/null || npm install --global --no-audit --no-fund ${name}@${version}\n`,
    );
  });

  test("agents correct their work, unless verification needs more than their jobs have", () => {
    expect(setUp({}, { verify: ["npm test"] }).config).toContain('"npm test",\n]\n# How often an agent may correct its work');
    expect(setUp({}, { verify: ["npm test"] }).config).toContain("\ncheck_work = 1\n");
    expect(setUp({}, { verify: [] }).config).not.toContain("check_work");
    for (const more of [
      'setup = "- run: npm ci"',
      'env = ["DATABASE_URL"]',
      'verify_setup = "- run: npm ci"',
      '[jobs.services.db]\nimage = "postgres:17"',
    ])
      expect(setUp({}, { verify: ["npm test"], jobs: jobsOf(more) }).config).not.toContain("check_work");
  });

  test("quotes and backslashes in commands survive", () => {
    const verify = ['sh -c "echo \\\\ done"', "echo 'ä'"];
    const { config } = setUp({}, { verify });
    expect(readConfig([{ path: CONFIG_PATH, text: config, kind: "config" }])).toMatchObject({
      faults: [],
      config: { refinery: { verify } },
    });
  });
});

describe("a generated file", () => {
  const sealed = sealGenerated("a: 1\n", "#", hash);
  test("is recognised, and a person's change of one character is noticed", () => {
    expect(readOrigin(sealed, hash)).toBe("generated");
    expect(readOrigin(sealed.replace("a: 1", "a: 2"), hash)).toBe("changed");
    expect(readOrigin("a: 1\n", hash)).toBe("foreign");
    expect(readGeneratedVersion(sealed)).toMatch(/^\d+\.\d+\.\d+$/);
  });
  test("keeps its origin with the line ends of Windows", () => {
    const checkedOut = sealed.replaceAll("\n", "\r\n");
    expect(readOrigin(checkedOut, hash)).toBe("generated");
    expect(readOrigin(checkedOut.replace("a: 1", "a: 2"), hash)).toBe("changed");
    expect(planFileChange(checkedOut, sealed, hash)).toBe("keep");
    expect(planFileChange(checkedOut, sealGenerated("a: 3\n", "#", hash), hash)).toBe("update");
    expect(dropFirstLine(checkedOut)).toBe("a: 1\n");
  });
  test("that contains the line ends of Windows is recognised in either form", () => {
    const mixed = sealGenerated("a: 1\r\nb: 2\n", "#", hash);
    expect(readOrigin(mixed, hash)).toBe("generated");
    expect(readOrigin(mixed.replaceAll(/\r?\n/g, "\r\n"), hash)).toBe("generated");
    expect(planFileChange(mixed, mixed, hash)).toBe("keep");
  });
  test("is updated only while nobody changed it", () => {
    const next = sealGenerated("a: 3\n", "#", hash);
    expect(planFileChange(null, next, hash)).toBe("create");
    expect(planFileChange(sealed, sealed, hash)).toBe("keep");
    expect(planFileChange(sealed, next, hash)).toBe("update");
    expect(planFileChange(`${sealed}b: 2\n`, next, hash)).toBe("replace");
    expect(planFileChange("mine\n", next, hash)).toBe("replace");
  });
});

test.each([
  ["https://github.com/octo/demo.git", "github.com octo demo", "https://api.github.com"],
  ["https://x-access-token:t@github.com/octo/demo", "github.com octo demo", "https://api.github.com"],
  ["git@github.com:octo/demo.git", "github.com octo demo", "https://api.github.com"],
  ["ssh://git@ghe.example.org/octo/demo.git", "ghe.example.org octo demo", "https://ghe.example.org/api/v3"],
  ["http://127.0.0.1:4000/octo/demo.git", "127.0.0.1:4000 octo demo", "http://127.0.0.1:4000/api/v3"],
])("readRemoteAddress(%s)", (url, address, api) => {
  const found = readRemoteAddress(url);
  expect(found && `${found.host} ${found.owner} ${found.name}`).toBe(address);
  expect(found && deriveApiUrl(found)).toBe(api);
});
test.each(["", "/srv/git/demo.git", "../demo", "file:///srv/demo.git"])("readRemoteAddress(%s) is no address on a server", (url) => {
  expect(readRemoteAddress(url)).toBeNull();
});
