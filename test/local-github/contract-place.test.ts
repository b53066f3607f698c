import { expect, onTestFinished, test } from "vitest";
import { BACKLOG_LABEL } from "../../src/core/domain/backlog-item.ts";
import { openContractPlace } from "../contract/contract-place.ts";
import type { ContractSettings } from "../contract/contract-settings.ts";
import { openStage, REPO } from "./api/stage.ts";

/** A repository with work: an issue with the label of the backlog. */
const openWork = async () => {
  const stage = await openStage();
  onTestFinished(() => stage.close());
  const octokit = stage.octokit(stage.owner);
  await octokit.issues.create({ ...REPO, title: "Uploads fail", labels: [BACKLOG_LABEL] });
  const { url: serverUrl, apiUrl } = stage.forge;
  const settings: ContractSettings = {
    ...REPO,
    serverUrl,
    apiUrl,
    token: stage.owner,
    bot: null,
    readToken: null,
    anyRepository: true,
  };
  const listFiles = async (): Promise<string[]> => {
    await stage.git("fetch", "-q", stage.remote(stage.owner), "main");
    return (await stage.git("ls-tree", "-r", "--name-only", "FETCH_HEAD")).split("\n");
  };
  return { settings, octokit, listFiles };
};

test("after a killed run, a repository with work needs its name twice again, and loses the contract's files but no label", async () => {
  const { settings, octokit, listFiles } = await openWork();
  // Killed: nothing is closed.
  const killed = await openContractPlace(settings);
  killed.clone.close();
  expect(await listFiles()).toHaveLength(4);
  await expect(openContractPlace({ ...settings, anyRepository: false })).rejects.toThrow("octo/demo may hold work");
  const place = await openContractPlace(settings);
  await place.close();
  expect(await listFiles()).toEqual(["README.md"]);
  expect((await octokit.issues.getLabel({ ...REPO, name: BACKLOG_LABEL })).data.name).toBe(BACKLOG_LABEL);
});
