import { join } from "node:path";
import { openClone } from "../../src/storage/git/repository-clone.ts";
import { after } from "../support/after.ts";
import { identity } from "../support/repository.ts";
import type { OpenStage } from "./stage.ts";

/** Opens the repository `.github` of a stage's organisation; returns a function for commits to the repository. */
export const openOrganisation = async (stage: OpenStage) => {
  const own = { owner: stage.owner, name: ".github" };
  await stage.forge.createRepository(own);
  return async (files: Readonly<Record<string, string>>): Promise<void> => {
    const clone = await openClone({
      url: join(stage.directory, "repositories", own.owner, ".github.git"),
      directory: join(stage.directory, "said.git"),
      token: () => Promise.resolve(undefined),
      identity,
      after,
    });
    await clone.fetch();
    const tip = (await clone.refs())["refs/heads/main"] ?? null;
    const all = new Map(Object.entries(files).map(([path, content]) => [path, { content, mode: "100644" as const }]));
    const tree = await clone.writeFiles(tip, all);
    const commit = await clone.writeCommit({ tree, parents: tip === null ? [] : [tip], message: "Say it", at: 1_000_000_000_000 });
    const pushed = await clone.push([{ ref: "refs/heads/main", oldSha: tip, newSha: commit }]);
    if (pushed.kind !== "pushed") throw new Error(pushed.text);
  };
};
