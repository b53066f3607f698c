import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { createCellFactory } from "../../../src/local-github/actions/process-cell.ts";
import { runningWith } from "../../support/processes.ts";
import { createBench, processesWith } from "./bench.ts";

// If a container forbids namespaces, only directories and environment separate the jobs.
const user = process.getuid?.() === 0 ? [] : ["--user", "--map-current-user"];
const isAllowed = spawnSync("unshare", [...user, "--pid", "--fork", "--mount-proc", "true"]).status === 0;
const closedTest = isAllowed ? test : test.skip;

const oneJob = (steps: string): string => `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n${steps}`;

closedTest("hides the processes of other jobs and of the runner, so that a job cannot read their environment", async () => {
  const bench = await createBench();
  const gate = join(bench.outside, "gate");
  const run = bench.start(
    `
on: push
jobs:
  holder:
    runs-on: x
    steps:
      - { run: 'mkfifo "\${{ github.event.gate }}"; exec cat "\${{ github.event.gate }}"', env: { SIBLING: "token is \${{ github.token }}" } }
  spy:
    runs-on: x
    steps:
      - run: |
          until [ -e "\${{ github.event.gate }}" ]; do :; done
          for file in /proc/[0-9]*/environ; do tr '\\0' '\\n' < "$file" || true; done > environments
          cat /proc/$PPID/environ 2>&1 || true
          grep -c 'token is' environments || true
          grep -l '' /proc/[0-9]*/cmdline | wc -l
          kill -9 -1 || true
          echo > "\${{ github.event.gate }}"
`,
    { event: { name: "push", payload: { gate } } },
  );
  expect(await run.ended).toMatchObject({ conclusion: "success" });
  const text = await run.log("spy");
  expect(text).toContain("/proc/0/environ");
  expect(text).toMatch(/^0$/m);
  expect(Number(/^(\d+)$/m.exec(text.slice(text.indexOf("\n0\n") + 3))?.[1])).toBeLessThan(8);
});

closedTest("hides hidden directories and the runner's directories, except the job's own, whatever the job tries", async () => {
  const bench = await createBench();
  const hidden = join(bench.outside, "hidden");
  await mkdir(join(hidden, "repositories"), { recursive: true });
  await writeFile(join(hidden, "repositories", "key"), "private");
  const spy = await createBench({ hidden: [hidden, join(hidden, "repositories")] });
  const run = await spy.run(
    oneJob(`
      - run: |
          umount -l "$HIDDEN" 2>&1; umount -l "\${{ github.event.directory }}" 2>&1
          nsenter --target 1 --mount ls "$HIDDEN" 2>&1
          ls -A "$HIDDEN" /proc/1/root/"$HIDDEN" /proc/1/cwd/"$HIDDEN" 2>&1
          ls -A "\${{ github.event.directory }}" "\${{ github.event.directory }}/jobs" ../..
          find / -xdev -name key -path '*repositories*' 2> /dev/null
          true
        env: { HIDDEN: "\${{ github.event.hidden }}" }
        shell: bash {0}
      - run: touch "\${{ github.event.hidden }}/made" || true
`),
    { event: { name: "push", payload: { hidden, directory: spy.directory } } },
  );
  expect(run.conclusion).toBe("success");
  const text = await run.log("a");
  expect(text).not.toMatch(/^(?:repositories|key|logs|artifacts)$/m);
  expect(text).not.toContain("private");
  expect(await readdir(hidden)).toEqual(["repositories"]);
});

closedTest("what a step leaves in the environment for later ones runs in the cell or not at all", async () => {
  const bench = await createBench();
  const run = await bench.run(
    oneJob(`
      - run: |
          echo 'echo "here: $(ls -d /proc/[0-9]* | wc -l) $(ls -A "\${{ github.event.directory }}")"' > "$RUNNER_TEMP/startup"
          mkdir bin && for name in env bash nsenter setpriv; do printf '#!/bin/sh\\necho "fake %s: $(ls -A "\${{ github.event.directory }}")"\\nexec /usr/bin/%s "$@"\\n' $name $name > bin/$name; done && chmod +x bin/*
          echo "$PWD/bin" >> "$GITHUB_PATH"
          echo "BASH_ENV=$RUNNER_TEMP/startup" >> "$GITHUB_ENV"
          echo "LD_PRELOAD=$RUNNER_TEMP/none.so" >> "$GITHUB_ENV"
      - run: echo second
`),
    { event: { name: "push", payload: { directory: bench.directory } } },
  );
  expect(run.conclusion).toBe("success");
  const text = await run.log("a");
  // The planted programs ran, as they would on GitHub, but saw only what the job may see.
  expect(text).toContain("fake bash: jobs\n");
  expect(text).not.toMatch(/fake (?:nsenter|setpriv|env)/);
  expect(text).not.toMatch(/^(?:here|fake).*(?:logs|artifacts)/m);
});

closedTest("ends all processes of a cell together with its job", async () => {
  const bench = await createBench();
  const run = await bench.run(oneJob(`      - run: mkfifo "$RUNNER_TEMP/f"; env -i setsid cat "$RUNNER_TEMP/f" > /dev/null 2>&1 &\n`));
  expect(run.conclusion).toBe("success");
  expect(await processesWith(bench.directory)).toEqual([]);
});

test("reports the exit code of a step, or the signal that ended it", async () => {
  for (const namespaces of [true, false]) {
    const bench = await createBench({ namespaces });
    const run = await bench.run(
      oneJob(`
      - { continue-on-error: true, run: exit 41 }
      - { continue-on-error: true, run: "kill -TERM $$" }
      - { continue-on-error: true, run: no-such-program }
      - { continue-on-error: true, shell: "no-such-shell {0}", run: echo }
`),
    );
    const text = await run.log("a");
    for (const code of [41, 143, 127]) expect(text).toContain(`##[error]Process completed with exit code ${code}.`);
    expect(text).toMatch(/no-such-shell.*(?:No such file|ENOENT)/);
  }
});

closedTest("no process of a cell is left when its end is reported, however many detached and however busy", async () => {
  const { outside } = await createBench();
  const path = "/usr/local/bin:/usr/bin:/bin";
  const cells = createCellFactory({ namespaces: true, path, hidden: [], readable: [], shared: [] });
  for (let times = 0; times < 5; times += 1) {
    const mark = `83${times}1.${process.pid}`;
    const root = join(outside, mark);
    await mkdir(root);
    const cell = await cells.open(root);
    const script = `for each in $(seq 150); do setsid sleep ${mark} & done; for each in 1 2 3 4; do setsid bash -c 'while :; do :; done' ${mark} & done`;
    const entry = cell.enter({ command: "bash", args: ["-c", script], directory: root, env: { PATH: path } });
    const child = spawn(entry.command, [...entry.args], {
      cwd: entry.directory,
      env: entry.env,
      stdio: ["ignore", "ignore", "ignore", "pipe"],
    });
    const input = child.stdio[3];
    if (input instanceof Writable) input.end(entry.input ?? "");
    await once(child, "exit");
    expect(runningWith(mark).length).toBeGreaterThan(100);
    await cell.end();
    expect(runningWith(mark)).toEqual([]);
  }
});

closedTest("a program in a directory of the PATH is found below the machine's temporary directory, and nothing else there", async () => {
  const { outside } = await createBench();
  const [root, bin] = [join(outside, "root"), join(outside, "bin")];
  await Promise.all([root, bin].map((at) => mkdir(at)));
  await writeFile(join(bin, "greet"), "#!/bin/sh\necho hello\n", { mode: 0o755 });
  await writeFile(join(outside, "secret"), "secret");
  const path = `${bin}:/usr/local/bin:/usr/bin:/bin`;
  const cell = await createCellFactory({ namespaces: true, path, hidden: [], readable: [], shared: [] }).open(root);
  const script = `greet > said; ls ${outside} >> said; touch ${bin}/new 2> /dev/null || echo read-only >> said`;
  const entry = cell.enter({ command: "bash", args: ["-c", script], directory: root, env: { PATH: path } });
  const stdio = ["ignore", "ignore", "ignore", "pipe"] as const;
  const child = spawn(entry.command, [...entry.args], { cwd: entry.directory, env: entry.env, stdio: [...stdio] });
  const input = child.stdio[3];
  if (input instanceof Writable) input.end(entry.input ?? "");
  await once(child, "exit");
  await cell.end();
  expect(await readFile(join(root, "said"), "utf8")).toBe("hello\nbin\nroot\nread-only\n");
});
