import { lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { giveTree, takeTrees } from "../../../src/job/sandbox/own-tree.ts";

const OTHER = { uid: 60_999, gid: 60_998 };
const ROOT = { uid: 0, gid: 0 };

const open = () => {
  const root = mkdtempSync(join(tmpdir(), "enki-owned-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const at = (name: string): string => join(root, name);
  for (const name of ["tree/deep/er", "outside"]) mkdirSync(at(name), { recursive: true });
  for (const name of ["tree/file", "tree/deep/er/file", "outside/file"]) writeFileSync(at(name), name);
  symlinkSync(at("outside"), at("tree/deep/folder"));
  symlinkSync(at("outside/file"), at("tree/link"));
  symlinkSync(at("nowhere"), at("tree/broken"));
  const owners = (...names: string[]): number[] => names.map((name) => lstatSync(at(name)).uid);
  return { at, owners };
};

const TREE = ["tree", "tree/file", "tree/deep", "tree/deep/er", "tree/deep/er/file", "tree/deep/folder", "tree/link", "tree/broken"];

test.runIf(process.getuid?.() === 0)("a tree is given and taken back with its links, and nothing that the links lead to", () => {
  const { at, owners } = open();
  giveTree(at("tree"), OTHER);
  expect(new Set(owners(...TREE))).toEqual(new Set([OTHER.uid]));
  expect(owners("outside", "outside/file")).toEqual([0, 0]);
  takeTrees([at("missing"), at("tree")], ROOT);
  expect(new Set(owners(...TREE))).toEqual(new Set([0]));
});

test.runIf(process.getuid?.() === 0)("names that are not valid UTF-8 are given and taken, too", () => {
  const { at } = open();
  const file = Buffer.concat([Buffer.from(`${at("tree")}/caf`), Buffer.from([0xe9]), Buffer.from(".txt")]);
  writeFileSync(file, "coffee");
  giveTree(at("tree"), OTHER);
  expect(lstatSync(file).uid).toBe(OTHER.uid);
  takeTrees([at("tree")], ROOT);
  expect(lstatSync(file).uid).toBe(0);
});

test.runIf(process.getuid?.() === 0)("a link that is given or taken leads nowhere", () => {
  const { at, owners } = open();
  giveTree(at("tree/deep/folder"), OTHER);
  expect(owners("tree/deep/folder", "outside", "outside/file")).toEqual([OTHER.uid, 0, 0]);
  giveTree(at("outside"), OTHER);
  takeTrees([at("tree/deep/folder")], ROOT);
  expect(owners("tree/deep/folder", "outside", "outside/file")).toEqual([0, OTHER.uid, OTHER.uid]);
});
