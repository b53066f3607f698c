import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { COORDINATE_STEPS } from "../../src/coordinator/coordinate-step.ts";
import type { JobPermissions } from "../../src/local-github/actions/workflow-runner.ts";
import { MINT, openStage, REPO } from "../local-github/api/stage.ts";
import { createStepHost } from "./step-host.ts";

const GATE_PERMISSIONS: JobPermissions = { contents: "read", issues: "write" };

/** Opens a gate that reads the webhooks of new issues and comments, and records the output of its job. */
const open = async ({ permissions = GATE_PERMISSIONS, isAway = false } = {}) => {
  const stage = await openStage(MINT);
  onTestFinished(() => stage.close());
  const token = await stage.jobToken(permissions);
  const people: Readonly<Record<string, string>> = { octo: stage.owner, stranger: stage.forge.createUser("stranger") };
  const person = (login: string) => stage.octokit(people[login] ?? "");
  const judge = async (name: string, payload: object) => {
    const outputs: Record<string, string> = {};
    const lines: string[] = [];
    const path = join(stage.root, "event.json");
    writeFileSync(path, JSON.stringify({ ...payload, sender: { login: "octo", type: "User" } }));
    const inputs: Readonly<Record<string, string>> = { token };
    const failed = await COORDINATE_STEPS.gate(
      createStepHost(inputs, {
        env: {
          GITHUB_REPOSITORY: "octo/demo",
          GITHUB_API_URL: isAway ? "http://127.0.0.1:1" : stage.forge.apiUrl,
          GITHUB_EVENT_NAME: name,
          GITHUB_EVENT_PATH: path,
        },
        setOutput: (output, value) => void (outputs[output] = value),
        logInfo: (line) => void lines.push(line),
      }),
    );
    expect(failed).toBe(null);
    return { wanted: outputs["wanted"], lines };
  };
  const { data: issue } = await person("octo").issues.create({ ...REPO, title: "Uploads fail", body: "/enki fix" });
  const comment = async (login: string, body: string) => {
    const { data } = await person(login).issues.createComment({ ...REPO, issue_number: issue.number, body });
    return {
      judge: () => judge("issue_comment", { action: "created", issue, comment: data }),
      reactions: async (): Promise<string[]> =>
        (await person("octo").reactions.listForIssueComment({ ...REPO, comment_id: data.id })).data.map(
          ({ content, user }) => `${content} by ${user?.login}`,
        ),
    };
  };
  return { issue, judge, comment, owner: person("octo") };
};

const EYES = ["eyes by github-actions[bot]"];

test("a command by somebody who may give it starts the coordinator and gets one reaction, however often the job runs", async () => {
  const { comment } = await open();
  const command = await comment("octo", "/enki fix");
  expect(await command.judge()).toMatchObject({ wanted: "true" });
  expect(await command.reactions()).toEqual(EYES);
  expect(await command.judge()).toMatchObject({ wanted: "true" });
  expect(await command.reactions()).toEqual(EYES);
});

test("a command in a new issue gets the reaction on the issue", async () => {
  const { issue, judge, owner } = await open();
  expect(await judge("issues", { action: "opened", issue })).toMatchObject({ wanted: "true" });
  expect((await owner.issues.get({ ...REPO, issue_number: issue.number })).data.reactions).toMatchObject({ eyes: 1, total_count: 1 });
});

test.each([
  ["a command by somebody who may not give it", "stranger", "/enki fix", "false"],
  ["several commands of which the author may give one only", "stranger", "/enki fix\n\n/enki help", "true"],
  ["a command that is not understood", "octo", "/enki frobnicate", "true"],
  ["a quoting reply, which may concern no plan", "octo", "> the upload limit of the server is too small\n\nRather keep it.", "true"],
  ["a remark", "octo", "I would ask @someone > me", "false"],
])("%s gets no reaction", async (_, login, body, wanted) => {
  const { comment } = await open();
  const text = await comment(login, body);
  expect(await text.judge()).toMatchObject({ wanted });
  expect(await text.reactions()).toEqual([]);
});

test("without the permission to react, as with the workflow file of an earlier version, the job still starts the coordinator", async () => {
  const { comment } = await open({ permissions: { contents: "read" } });
  const command = await comment("octo", "/enki fix");
  const { wanted, lines } = await command.judge();
  expect(wanted).toBe("true");
  expect(lines.at(-1)).toMatch(/^the reaction is left to the next job: /);
  expect(await command.reactions()).toEqual([]);
});

test("while GitHub does not answer, the job starts the coordinator without a reaction", async () => {
  const { comment } = await open({ isAway: true });
  const command = await comment("octo", "/enki fix");
  expect(await command.judge()).toMatchObject({ wanted: "true" });
  expect(await command.reactions()).toEqual([]);
});
