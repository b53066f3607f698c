import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createArtifactStore } from "../../../src/local-github/actions/artifact-store.ts";
import { createBench } from "./bench.ts";

const upload = (of: string): string => `{ uses: actions/upload-artifact@v5, with: { ${of} } }`;
const download = (of: string): string => `{ uses: actions/download-artifact@v6, with: { ${of} } }`;

const handOver = (make: string, up: string, down: string): string => `
on: push
jobs:
  make:
    runs-on: x
    steps:
      - run: |
          ${make.replaceAll("\n", "\n          ")}
      - ${upload(up)}
  take:
    runs-on: x
    needs: make
    steps:
      - ${download(down)}
      - run: find . -type f -printf '%p %m\\n' -o -type l -printf 'link %p\\n' | sort; find . -type f -print0 | sort -z | xargs -0 cat
`;

const shown = async (run: { log(id: string): Promise<string> }): Promise<string[]> => {
  const text = await run.log("take");
  return text.slice(text.indexOf("##[group]Run find")).trim().split("\n").slice(1);
};

test("passes a directory from job to job with its tree, without modes, outside links and hidden files", async () => {
  const bench = await createBench();
  const run = await bench.run(
    handOver(
      `mkdir -p out/sub out/.hidden && echo one > out/one && echo two > out/sub/two && echo h > out/.hidden/h && echo h > out/.h
chmod +x out/one && ln -s /etc/passwd out/passwd && ln -s / out/root && ln -s one out/again && ln -s sub out/dirlink && mkfifo out/pipe
echo outside > "$RUNNER_TEMP/outside" && ln -s "$RUNNER_TEMP/outside" out/sub/outside`,
      "name: bundle, path: out",
      "name: bundle",
    ),
  );
  expect(run.conclusion).toBe("success");
  expect(await shown(run)).toEqual(["./again 644", "./one 644", "./sub/two 644", "one", "one", "two"]);
  const log = await run.log("make");
  for (const name of ["passwd", "root", "dirlink", "pipe", "sub/outside"]) expect(log).toContain(`'${name}' is not a file inside the path`);
});

test("includes hidden files on request, and keeps the name of a single file", async () => {
  const bench = await createBench();
  const run = await bench.run(
    handOver("mkdir out && echo h > out/.h", "name: bundle, path: out/.h, include-hidden-files: true", "name: bundle, path: deep/er"),
  );
  expect(await shown(run)).toEqual(["./deep/er/.h 644", "h"]);
});

test("several paths keep the parts below their common directory", async () => {
  const bench = await createBench();
  const run = await bench.run(
    handOver("mkdir -p a/b a/c && echo 1 > a/b/x && echo 2 > a/c/y", String.raw`name: bundle, path: "a/b\na/c/y\n"`, "name: bundle"),
  );
  expect(await shown(run)).toEqual(["./b/x 644", "./c/y 644", "1", "2"]);
});

test("without a name, downloads all artifacts of the run, each into its own directory", async () => {
  const bench = await createBench();
  const run = await bench.run(`
on: push
jobs:
  make:
    runs-on: x
    steps:
      - run: echo 1 > one; echo 2 > two
      - ${upload("name: a, path: one")}
      - ${upload("name: b, path: two")}
  take:
    runs-on: x
    needs: make
    steps:
      - ${download("path: all")}
      - ${download("path: merged, merge-multiple: true")}
      - run: find . -type f | sort
`);
  expect(await shown(run)).toEqual(["./all/a/one", "./all/b/two", "./merged/one", "./merged/two"]);
});

test.each([
  ["an absolute path outside", `path: /etc/hostname`],
  ["a path that climbs out", `path: ../../../../etc/hostname`],
  ["a link as the path", `path: link`],
  ["a path through a link", `path: link/hostname`],
  ["the job's neighbours", `path: ../..`],
  ["a pattern", `path: "*"`],
])("does not upload %s", async (_, path) => {
  const bench = await createBench();
  const run = await bench.run(
    `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: ln -s /etc link\n      - ${upload(`name: x, ${path}`)}\n`,
  );
  expect(run.conclusion).toBe("failure");
  expect(await run.log("a")).toMatch(/##\[error\].*(?:outside the job's directory|patterns are not supported)/);
  expect(await readdir(join(bench.directory, "artifacts")).catch(() => [])).toEqual([]);
});

test.each(["..", ".", "a/b", "../x", "a\\\\b", "a:b", "a\\nb", "%2e%2e/x"])("refuses the artifact name %j", async (name) => {
  const bench = await createBench();
  const run = await bench.run(
    `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: echo > f\n      - ${upload(`name: "${name}", path: f`)}\n      - { if: always(), uses: actions/download-artifact@v6, with: { name: "${name}" } }\n`,
  );
  expect(run.job("a")?.steps.map((step) => step.conclusion)).toEqual(["success", "failure", "failure"]);
  expect(await run.log("a")).toContain("The artifact name is not valid");
});

test("accepts an artifact name once, unless it is overwritten", async () => {
  const bench = await createBench();
  const run = await bench.run(`
on: push
jobs:
  make:
    runs-on: x
    steps:
      - run: echo 1 > one; echo 2 > two
      - ${upload("name: a, path: one")}
      - { continue-on-error: true, uses: actions/upload-artifact@v5, with: { name: a, path: two } }
      - ${download("name: a, path: first")}
      - ${upload("name: a, path: two, overwrite: true")}
      - ${download("name: a, path: second")}
      - run: find first second -type f | sort
`);
  expect(run.conclusion).toBe("success");
  expect(await run.log("make")).toMatch(/already exists on this run\n[^]*first\/one\nsecond\/two\n/);
});

test.each([
  ["warn", "success"],
  ["ignore", "success"],
  ["error", "failure"],
])("with no files, `if-no-files-found: %s` results in %s", async (value, conclusion) => {
  const bench = await createBench();
  const run = await bench.run(
    `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: mkdir empty\n      - ${upload(`name: a, path: "empty\\nnothing", if-no-files-found: ${value}`)}\n`,
  );
  expect(run.conclusion).toBe(conclusion);
  expect((await run.log("a")).includes("No files were found")).toBe(value !== "ignore");
});

test("fails the step if the artifact does not exist or belongs to another run", async () => {
  const bench = await createBench();
  await bench.run(`on: push\njobs:\n  a: { runs-on: x, steps: [{ run: echo > f }, ${upload("name: a, path: f")}] }\n`);
  const run = await bench.run(`on: push\njobs:\n  a: { runs-on: x, steps: [${download("name: a")}] }\n`);
  expect(run.conclusion).toBe("failure");
  expect(await run.log("a")).toContain("Artifact not found for name: a");
});

test("a download does not write through prepared links", async () => {
  const bench = await createBench();
  const victim = join(bench.outside, "victim");
  await mkdir(victim);
  await writeFile(join(victim, "file"), "precious");
  const attack = (lay: string, path: string): string => `
on: push
jobs:
  a:
    runs-on: x
    steps:
      - run: mkdir -p out/sub && echo evil > out/file && echo evil > out/sub/file
      - ${upload("name: a, path: out")}
      - run: ${lay}
        env: { VICTIM: "\${{ github.event.victim }}" }
      - ${download(`name: a, path: ${path}`)}
`;
  const request = { event: { name: "push", payload: { victim } } };
  for (const [lay, path, conclusion] of [
    ['ln -s "$VICTIM" there', "there", "failure"],
    ['ln -s "$VICTIM" there', "there/deeper", "failure"],
    ['mkdir there && ln -s "$VICTIM" there/sub', "there", "failure"],
    ['mkdir there && ln -s "$VICTIM/file" there/file', "there", "success"],
    ["true", "../../../../victim", "failure"],
  ] as const) {
    expect((await bench.run(attack(lay, path), request)).conclusion).toBe(conclusion);
    expect(await readdir(victim)).toEqual(["file"]);
    expect(await readFile(join(victim, "file"), "utf8")).toBe("precious");
  }
});

test("an upload does not follow a link that replaces a file meanwhile", async () => {
  const bench = await createBench();
  const [root, store] = [join(bench.directory, "root"), createArtifactStore(join(bench.directory, "store"))];
  await mkdir(join(root, "real"), { recursive: true });
  await writeFile(join(bench.directory, "secret"), "secret");
  await symlink("../secret", join(root, "file"));
  await symlink("..", join(root, "up"));
  for (const path of [join(root, "file"), join(root, "up", "secret"), join(root, "real")]) {
    await expect(store.put({ run: 1, name: "a", overwrite: false }, root, [{ name: "x", path }])).rejects.toThrow(
      "changed while it was uploaded",
    );
  }
  expect(await store.names(1)).toEqual([]);
});
