import { appKey } from "../../support/app-key.ts";
import { connectGitHub } from "../../../src/github/connect-github.ts";
import { type ContractStage, githubContract } from "../../github/contract.ts";
import { personRequests } from "../../github/person-requests.ts";
import { STEP_TRIGGER } from "../../github/step-trigger.ts";
import { NAMED, openStage, REPO } from "./stage.ts";

const STEP = `name: step
${STEP_TRIGGER}
jobs:
  one: { runs-on: ubuntu-latest, steps: [{ run: "true" }] }
`;

const forgeStage = async (): Promise<ContractStage> => {
  const stage = await openStage({ ".github/workflows/enki-step.yml": STEP });
  const { forge } = stage;
  const app = await forge.createApp({ privateKeyPem: appKey(), name: "enki", secret: "s" });
  const ada = forge.createUser("ada");
  forge.setPermission(NAMED, { login: "ada", role: "write" });
  // The clock advances by a second at every read, because a hundred comments take longer than a minute.
  let now = Date.parse("2026-11-20T12:00:00Z");
  const clock = (): number => (now += 1_000);
  const connect = (auth: string) => connectGitHub({ auth, baseUrl: forge.apiUrl, owner: "octo", repo: "demo", clock });
  const { issue } = await openIssue(stage.octokit(ada));
  return {
    id: "abc123",
    base: "main",
    since: 0,
    lacks: { bot: null, reader: null },
    maintainerMay: "write",
    eventually: (check) => check(),
    github: connect(forge.createInstallationToken(app.id, "octo")),
    self: app.login,
    person: connect(ada),
    maintainer: "ada",
    reader: connect(forge.createInstallationToken(app.id, "octo", { issues: "read" })),
    issue,
    push: async (branch) => {
      await stage.git("checkout", "-q", "-B", branch);
      const tip = await stage.commit({ [`${branch}.txt`]: await stage.git("rev-list", "--count", "HEAD") });
      await stage.git("push", "-q", stage.remote(ada), branch);
      return tip;
    },
    ...personRequests(stage.octokit(ada), REPO),
    upload: (run, name) => {
      const started = stage.runner.started.find(({ request }) => request.id === run);
      started?.request.recordArtifact({ name, size: 1, digest: "0".repeat(64) });
      return Promise.resolve();
    },
    settle: async () => {
      for (const { request, observer } of stage.runner.started)
        observer.onTitle(`${request.inputs["kind"]}/${request.inputs["target"]}/${request.inputs["attempt"]}`);
      await forge.waitUntilIdle();
    },
    close: stage.close,
  };
};

const openIssue = async (octokit: ReturnType<Awaited<ReturnType<typeof openStage>>["octokit"]>): Promise<{ issue: number }> => {
  const { data } = await octokit.issues.create({ ...REPO, title: "An issue" });
  return { issue: data.number };
};

githubContract("the forge", forgeStage);
