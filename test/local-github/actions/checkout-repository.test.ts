import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createBench, type Bench } from "./bench.ts";
import { createGitServer, type GitServer } from "./git-server.ts";

const setUp = async (): Promise<{ bench: Bench; server: GitServer; first: string; second: string }> => {
  const root = await mkdtemp(join(tmpdir(), "repositories-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const server = await createGitServer(root, ["token-1", "token-2", "personal"]);
  const first = server.commit("main", { file: "one\n" });
  const second = server.commit("main", { file: "two\n" });
  return { bench: await createBench(), server, first, second };
};

const runIn = async ({ bench, server, second }: Awaited<ReturnType<typeof setUp>>, steps: string, request = {}) => {
  const run = await bench.run(`on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n${steps}`, {
    serverUrl: server.url,
    sha: second,
    ...request,
  });
  return { ...run, text: await run.log("a") };
};

const LOOK = "git log --format='%s' | wc -l; git branch --show-current; cat file; git rev-parse HEAD";

test("checks out the run's commit on its branch, one commit deep", async () => {
  const world = await setUp();
  const run = await runIn(
    world,
    `      - { id: c, uses: actions/checkout@${"a".repeat(40)} }\n      - run: ${LOOK}\n      - run: echo "\${{ steps.c.outputs.commit }} \${{ steps.c.outputs.ref }}"\n`,
  );
  expect(run.text).toContain(`\n1\nmain\ntwo\n${world.second}\n`);
  expect(run.text).toContain(`\n${world.second} refs/heads/main\n`);
  expect(new Set(world.server.served)).toEqual(new Set(["token-1"]));
});

test("checks out the run's commit when the branch has moved since", async () => {
  const world = await setUp();
  world.server.commit("main", { file: "three\n" });
  const run = await runIn(world, `      - uses: actions/checkout@v5\n      - run: ${LOOK}\n`);
  expect(run.text).toContain(`\n1\nmain\ntwo\n${world.second}\n`);
});

test("`fetch-depth: 0` fetches all history, branches and tags", async () => {
  const world = await setUp();
  world.server.commit("side", { file: "side\n" });
  world.server.git("tag", "v1", world.first);
  const run = await runIn(
    world,
    `      - { uses: actions/checkout@v5, with: { fetch-depth: 0 } }\n      - run: ${LOOK}; git tag; git branch -r\n`,
  );
  expect(run.text).toContain(`\n2\nmain\ntwo\n${world.second}\nv1\n  origin/main\n  origin/side\n`);
});

test.each([
  ["a commit", (world: Awaited<ReturnType<typeof setUp>>) => world.first, "one"],
  ["a branch", () => "side", "side"],
  ["a full ref", () => "refs/heads/side", "side"],
  ["a tag", () => "v1", "one"],
  ["a ref of another namespace", () => "refs/enki/candidates/main/1", "one"],
])("`ref` accepts %s", async (_, refOf, content) => {
  const world = await setUp();
  world.server.commit("side", { file: "side\n" });
  world.server.git("tag", "v1", world.first);
  world.server.git("update-ref", "refs/enki/candidates/main/1", world.first);
  const run = await runIn(
    world,
    `      - { uses: actions/checkout@v5, with: { ref: "${refOf(world)}", path: there } }\n      - { run: cat file, working-directory: there }\n`,
  );
  expect(run).toMatchObject({ conclusion: "success" });
  expect(run.text).toContain(`\n${content}\n`);
});

test.each(["nothing", "--upload-pack=touch /tmp/pwned", "main:refs/heads/x", "a b", "a..b", "-x"])(
  "`ref: %s` fails the step",
  async (ref) => {
    const world = await setUp();
    const run = await runIn(world, `      - { uses: actions/checkout@v5, with: { ref: "${ref}" } }\n`);
    expect(run.conclusion).toBe("failure");
    expect(run.text).toMatch(/##\[error\](?:A branch or tag with the name|'.*' is not a valid ref)/);
  },
);

test.each(["../outside", "/tmp", "link"])("refuses `path: %s`, which is not under the workspace", async (path) => {
  const world = await setUp();
  const run = await runIn(world, `      - run: ln -s "$HOME" link\n      - { uses: actions/checkout@v5, with: { path: "${path}" } }\n`);
  expect(run.conclusion).toBe("failure");
  expect(run.text).toContain("is not under");
});

test("git keeps using the token by default, and has none with `persist-credentials: false`", async () => {
  const world = await setUp();
  const steps = (persist: string): string => `      - { uses: actions/checkout@v5, with: { persist-credentials: ${persist} } }
      - run: git -c user.name=x -c user.email=x commit -q --allow-empty -m x && GIT_TERMINAL_PROMPT=0 git push -q origin HEAD:refs/heads/pushed
      - if: always()
        run: grep -rl 'extra[h]eader' . "$RUNNER_TEMP" "$HOME" | wc -l
`;
  const kept = await runIn(world, steps("true"));
  expect(kept.conclusion).toBe("success");
  expect(kept.text).toContain("\n1\n");
  expect(world.server.git("rev-parse", "pushed^")).toBe(world.second);
  const dropped = await runIn(world, steps("false"));
  expect(dropped.job("a")?.steps.map((step) => step.conclusion)).toEqual(["success", "failure", "success"]);
  expect(dropped.text).toContain("\n0\n");
});

test("uses another token if one is given, and fails with an invalid one", async () => {
  const world = await setUp();
  await runIn(world, `      - { uses: actions/checkout@v5, with: { token: "\${{ secrets.PERSONAL }}" } }\n`, {
    secrets: { PERSONAL: "personal" },
  });
  expect(new Set(world.server.served)).toEqual(new Set(["personal"]));
  const run = await runIn(world, `      - { uses: actions/checkout@v5, with: { token: wrong } }\n`);
  expect(run.conclusion).toBe("failure");
  expect(run.text).toContain("The process 'git fetch' failed with exit code 128");
});

test("an earlier step cannot make checkout run its programs or reveal the token", async () => {
  const world = await setUp();
  const thief = join(world.bench.outside, "stolen");
  const run = await runIn(
    world,
    `      - run: |
          printf '#!/bin/sh\\nenv >> "\${{ github.event.thief }}"\\n' > "$HOME/steal" && chmod +x "$HOME/steal"
          git config --global core.fsmonitor "$HOME/steal"
          git config --global credential.helper "$HOME/steal"
          git config --global url.http://127.0.0.1:9/.insteadOf "$GITHUB_SERVER_URL/"
          mkdir hooks bin && cp "$HOME/steal" hooks/post-checkout && cp "$HOME/steal" bin/git
          git config --global core.hooksPath "$PWD/hooks"
          echo "$PWD/bin" >> "$GITHUB_PATH"
          echo "GIT_TRACE_CURL=\${{ github.event.thief }}" >> "$GITHUB_ENV"
          echo "GIT_CONFIG_GLOBAL=$HOME/.gitconfig" >> "$GITHUB_ENV"
      - uses: actions/checkout@v5
        with: { path: there }
      - run: test ! -e "\${{ github.event.thief }}" && echo nothing stolen
      - run: git status && test -e "\${{ github.event.thief }}" && echo the trap was real
`,
    { event: { name: "push", payload: { thief } } },
  );
  expect(run.conclusion).toBe("success");
  expect(run.text).toMatch(/\nnothing stolen\n[^]*\nthe trap was real\n/);
});

test("a second checkout in the same directory starts with an empty directory", async () => {
  const world = await setUp();
  const run = await runIn(
    world,
    `      - uses: actions/checkout@v5\n      - run: touch left; printf '#!/bin/sh\\nexit 1\\n' > .git/hooks-x; git config core.hooksPath .git\n      - { uses: actions/checkout@v5, with: { ref: "${world.first}" } }\n      - run: ls -A; cat file\n`,
  );
  expect(run.text).toContain("\n.git\nfile\none\n");
});

test("`sparse-checkout` checks out the named directories and the files at the top", async () => {
  const world = await setUp();
  const second = world.server.commit("main", { file: "two\n", "here/one": "1\n", "there/two": "2\n" });
  const run = await runIn(
    { ...world, second },
    `      - { uses: actions/checkout@v5, with: { sparse-checkout: here } }\n      - run: find . -type f -not -path './.git/*' | sort\n`,
  );
  expect(run.text).toContain("\n./file\n./here/one\n");
  expect(run.text).not.toContain("there");
});
