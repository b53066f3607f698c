import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import type { RefMove } from "../../../src/core/domain/decision.ts";
import { pushNear } from "../../../src/storage/git/push-near.ts";
import { openClone } from "../../../src/storage/git/repository-clone.ts";
import { after } from "../../support/after.ts";
import { openStage } from "./stage.ts";

/** Opens a clone that shares the objects of the forge's repository, so its pushes have no pack. */
const open = async () => {
  const stage = await openStage();
  onTestFinished(stage.close);
  const near = join(stage.root, "forge", "octo", "demo.git");
  const url = `${stage.forge.url}/octo/demo.git`;
  const options = { url, token: () => Promise.resolve(stage.owner), identity: { name: "A", email: "a@b" }, after, near };
  const clone = await openClone({ ...options, directory: join(stage.root, "clone") });
  await clone.fetch();
  const { "refs/heads/main": main = "" } = await clone.refs();
  const write = async (text: string, ...parents: string[]): Promise<string> => {
    const tree = await clone.writeFiles(parents[0] ?? null, new Map([[text, { content: text, mode: "100644" as const }]]));
    return clone.writeCommit({ tree, parents, message: text, at: 0 });
  };
  const push = (...moves: RefMove[]) => pushNear(clone.running, { url, token: stage.owner, near }, moves);
  const refs = (): string => execFileSync("git", ["for-each-ref", "--format=%(refname)"], { cwd: near, encoding: "utf8" });
  return { ...stage, main, write, push, refs, near };
};

test("a push without objects starts no process, and has the consequences of every push", async () => {
  const { main, write, push, near, forge } = await open();
  const next = await write("next", main);
  const result = await write("result");
  const moves = [
    { ref: "refs/heads/main", oldSha: main, newSha: next },
    { ref: "refs/enki/results/one", oldSha: null, newSha: result },
  ];
  vi.stubEnv("PATH", "");
  onTestFinished(() => void vi.unstubAllEnvs());
  const ref = "refs/heads/other";
  expect(await push({ ref: "refs/enki/results/one", oldSha: null, newSha: result })).toEqual({ kind: "pushed" });
  vi.unstubAllEnvs();
  expect(await push(...moves)).toEqual({ kind: "pushed" });
  expect(await push({ ref, oldSha: null, newSha: next })).toEqual({ kind: "pushed" });
  expect(await push({ ref, oldSha: next, newSha: null })).toEqual({ kind: "pushed" });
  await forge.waitUntilIdle();
  const git = (...args: string[]): string => execFileSync("git", args, { cwd: near, encoding: "utf8" }).trim();
  expect(git("rev-parse", "main", "refs/enki/results/one")).toBe(`${next}\n${result}`);
  expect(git("fsck", "--connectivity-only", "--no-dangling")).toBe("");
});

test("a push that names what is not there is refused as git refuses it", async () => {
  const { main, write, push, refs, near } = await open();
  const absent = "1".repeat(40);
  const broken = await write("broken", absent).catch(() => "");
  const before = refs();
  const hostile: RefMove[] = [
    { ref: "refs/heads/x", oldSha: null, newSha: absent },
    { ref: "refs/heads/main", oldSha: main, newSha: null },
    { ref: "refs/pull/1/head", oldSha: null, newSha: main },
    { ref: "refs/heads/main/below", oldSha: null, newSha: main },
    { ref: "refs/heads/..", oldSha: null, newSha: main },
    { ref: "refs/heads/a.lock", oldSha: null, newSha: main },
    { ref: "refs/heads/a..b", oldSha: null, newSha: main },
    { ref: "HEAD", oldSha: main, newSha: main },
  ];
  expect(broken).toBe("");
  for (const move of hostile.slice(0, -1)) expect({ ref: move.ref, kind: (await push(move)).kind }).not.toMatchObject({ kind: "pushed" });
  expect(refs()).toBe(before);
  const tree = execFileSync("git", ["hash-object", "-t", "tree", "/dev/null"], { encoding: "utf8" }).trim();
  expect(await push({ ref: "refs/heads/x", oldSha: null, newSha: tree })).not.toMatchObject({ kind: "pushed" });
  // A tag object is no head of a branch, even if the object already has a tag.
  execFileSync("git", ["-c", "user.name=A", "-c", "user.email=a@b", "tag", "--annotate", "--message=x", "v1", main], { cwd: near });
  const tag = execFileSync("git", ["rev-parse", "refs/tags/v1"], { cwd: near, encoding: "utf8" }).trim();
  execFileSync("git", ["update-ref", "-d", "refs/tags/v1"], { cwd: near });
  execFileSync("git", ["update-ref", "refs/enki/tag", tag], { cwd: near });
  expect(await push({ ref: "refs/heads/x", oldSha: null, newSha: tag })).not.toMatchObject({ kind: "pushed" });
  expect(await push({ ref: "refs/foo", oldSha: null, newSha: main })).not.toMatchObject({ kind: "pushed" });
  execFileSync("git", ["update-ref", "-d", "refs/enki/tag"], { cwd: near });
  expect(refs()).toBe(before);
});
