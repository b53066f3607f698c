import { expect, onTestFinished, test } from "vitest";
import { NAMED, openStage, REPO } from "./stage.ts";

test("who may triage sets and removes labels of issues, but only who may push deletes a label of the repository", async () => {
  const stage = await openStage();
  onTestFinished(() => stage.close());
  stage.forge.setPermission(NAMED, { login: "ada", role: "triage" });
  const [owner, ada] = [stage.octokit(stage.owner), stage.octokit(stage.forge.createUser("ada"))];
  await owner.issues.create({ ...REPO, title: "An issue" });
  await ada.issues.addLabels({ ...REPO, issue_number: 1, labels: ["urgent"] });
  await expect(ada.issues.deleteLabel({ ...REPO, name: "urgent" })).rejects.toMatchObject({ status: 403 });
  expect((await ada.issues.getLabel({ ...REPO, name: "urgent" })).data.name).toBe("urgent");
  await owner.issues.deleteLabel({ ...REPO, name: "urgent" });
  await expect(owner.issues.getLabel({ ...REPO, name: "urgent" })).rejects.toMatchObject({ status: 404 });
  expect((await owner.issues.get({ ...REPO, issue_number: 1 })).data.labels).toEqual([]);
});
