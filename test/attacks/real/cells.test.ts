import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { createLocalRunner } from "../../../src/local-github/actions/local-runner.ts";
import { realTimers } from "../../local-github/actions/bench.ts";
import { runningWith } from "../../support/processes.ts";
import { hasNamespaces } from "../../support/namespaces.ts";
import { attackFamily } from "../attack-family.ts";

const SECRET = "the-content-that-no-job-may-see";
const TRIED = "the-attack-was-tried";
const PLANTED = "planted-by-a-job";
const ROOT_ONLY = process.getuid?.() === 0;

/** The machine outside of the job: a person's home, an installation, a forge, and a place for others. */
const world = mkdtempSync(join(tmpdir(), "enki-cells-"));
const at = (path: string): string => join(world, path);
const FILES = {
  "home/.bashrc": SECRET,
  "home/.gitconfig": SECRET,
  "home/.ssh/id_ed25519": SECRET,
  "home/.config/gh/hosts.yml": SECRET,
  "home/.npmrc": SECRET,
  "installation/action.yml": "name: x",
  "installation/dist/action.js": "safe",
  "installation/dist/cli.js": "safe",
  "installation/override/enki.toml": "safe",
  "installation/roles/worker.toml": "safe",
  "forge/key.pem": SECRET,
  "runner/jobs/99-other/work/file": SECRET,
  "project/file": SECRET,
};

type Attempt = {
  /** A bash script, which runs in a job and prints its gain. */
  readonly script: string;
  /** Whether the attack succeeded, judged from outside; by default whether the output contains the secret. */
  readonly succeeded?: (output: string) => boolean;
  readonly rootOnly?: true;
  /** Whether the attack ends its own shell. */
  readonly dies?: true;
};

const isChanged = (path: keyof typeof FILES) => (): boolean => readFileSync(at(path), "utf8") !== FILES[path];
const exists = (path: string) => (): boolean => existsSync(path);
const prints =
  (pattern: RegExp) =>
  (output: string): boolean =>
    pattern.test(output);

const written = (path: keyof typeof FILES, how: string): Attempt => ({
  script: how.replaceAll("FILE", at(path)),
  succeeded: isChanged(path),
});
const WAYS_TO_WRITE = {
  "an append": `echo ${PLANTED} >> FILE`,
  "a rename": `echo ${PLANTED} > x && mv -f x FILE`,
  "chmod and an append": `chmod 777 FILE; echo ${PLANTED} >> FILE`,
  "a remount": `mount -o remount,rw / ; mount -o remount,bind,rw "$(dirname FILE)"; echo ${PLANTED} >> FILE`,
  "a user namespace": `unshare --user --map-root-user --mount bash -c 'mount -o remount,rw,bind "$(dirname FILE)"; umount -l "$(dirname FILE)"; echo ${PLANTED} >> FILE'`,
  "the root of the first process": `echo ${PLANTED} >> /proc/1/root/FILE`,
};
const WRITTEN: readonly (keyof typeof FILES)[] = ["installation/dist/action.js", "installation/override/enki.toml", "home/.bashrc"];
const READ = (Object.keys(FILES) as (keyof typeof FILES)[]).filter((path) => FILES[path] === SECRET);

const HANDLE = `python3 - <<'END'
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
class Handle(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint), ("kind", ctypes.c_int), ("data", ctypes.c_char * 128)]
mount = ctypes.c_int()
handle = Handle(128, 0)
if libc.name_to_handle_at(-100, b"/", ctypes.byref(handle), ctypes.byref(mount), 0) == 0:
    descriptor = libc.open_by_handle_at(os.open("/", os.O_RDONLY), ctypes.byref(handle), os.O_RDONLY)
    print("opened a handle" if descriptor >= 0 else "refused")
END`;

const ATTEMPTS: Readonly<Record<string, Attempt>> = {
  ...Object.fromEntries(
    WRITTEN.flatMap((path) =>
      Object.entries(WAYS_TO_WRITE).map(([way, script]) => [`${path} is written by ${way}`, written(path, script)]),
    ),
  ),
  ...Object.fromEntries(READ.map((path) => [`${path} is read`, { script: `cat "${at(path)}"` }])),
  ...Object.fromEntries(
    READ.slice(0, 2).map((path) => [
      `${path} is read past covers`,
      { script: `umount -l "${at("home")}" /tmp; cat "${at(path)}" "/proc/1/root${at(path)}"` },
    ]),
  ),
  "a file is planted beside the installation's code": {
    script: `echo ${PLANTED} > "${at("installation/dist/preload.js")}"`,
    succeeded: exists(at("installation/dist/preload.js")),
  },
  "the installation is renamed": { script: `mv "${at("installation")}" "${at("moved")}"`, succeeded: exists(at("moved")) },
  "a key for ssh is planted": {
    script: `mkdir -p "${at("home/.ssh")}" && echo ${PLANTED} > "${at("home/.ssh/authorized_keys")}"`,
    succeeded: exists(at("home/.ssh/authorized_keys")),
  },
  "a file is left in the shared /tmp": {
    script: `echo ${PLANTED} > /tmp/enki-cells-planted`,
    succeeded: exists("/tmp/enki-cells-planted"),
  },
  "a file is left in /var/tmp": {
    script: `echo ${PLANTED} > /var/tmp/enki-cells-planted`,
    succeeded: exists("/var/tmp/enki-cells-planted"),
  },
  "a file is left in /dev/shm": {
    script: `echo ${PLANTED} > /dev/shm/enki-cells-planted`,
    succeeded: exists("/dev/shm/enki-cells-planted"),
  },
  "a program is planted in /usr/local/bin": {
    script: `echo ${PLANTED} > /usr/local/bin/enki-cells-planted`,
    succeeded: exists("/usr/local/bin/enki-cells-planted"),
  },
  "a timer is planted in /etc/cron.d": {
    script: `echo ${PLANTED} > /etc/cron.d/enki-cells-planted`,
    succeeded: exists("/etc/cron.d/enki-cells-planted"),
  },
  "a user is added": {
    script: "echo evil:x:0:0::/:/bin/sh >> /etc/passwd",
    succeeded: () => readFileSync("/etc/passwd", "utf8").includes("evil:"),
  },
  "sockets of services are listed": { script: "find /run /var/run/ -type s", succeeded: prints(/sock/) },
  "the docker socket is asked": {
    script: 'curl -s -m 2 --unix-socket /var/run/docker.sock http://x/info && echo "docker answers"',
    succeeded: prints(/docker answers/),
  },
  "a disk is read": {
    script: "for disk in /dev/[vs]d[a-z] /dev/nvme0n1; do head -c 1 $disk > /dev/null && echo read a disk; done",
    succeeded: prints(/read a disk/),
  },
  "a disk's device is created": {
    script: "mknod disk b 254 0 && head -c 1 disk > /dev/null && echo read a disk",
    succeeded: prints(/read a disk/),
  },
  "memory is read": {
    script: "head -c 1 /dev/mem && echo read memory; head -c 1 /proc/kcore && echo read memory",
    succeeded: prints(/read memory/),
  },
  "a file is opened by its handle": { script: HANDLE, succeeded: prints(/opened a handle/) },
  "the kernel's core handler is set": {
    script: "echo '|/bin/true' > /proc/sys/kernel/core_pattern && echo set",
    succeeded: prints(/^set$/m),
    rootOnly: true,
  },
  "the kernel's request key is used": { script: "echo h > /proc/sysrq-trigger && echo set", succeeded: prints(/^set$/m), rootOnly: true },
  "a helper of the kernel is set": {
    script: "echo /bin/true > /sys/kernel/uevent_helper && echo set",
    succeeded: prints(/^set$/m),
    rootOnly: true,
  },
  "a release agent is set": {
    script: "for agent in /sys/fs/cgroup/*/release_agent; do echo /bin/true > $agent && echo set; done",
    succeeded: prints(/^set$/m),
    rootOnly: true,
  },
  "a module is loaded": { script: "modprobe dummy && echo set", succeeded: prints(/^set$/m), rootOnly: true },
  "a file system is mounted": { script: "mkdir -p m && mount -t tmpfs none m && echo mounted", succeeded: prints(/^mounted$/m) },
  "a new root is entered": { script: 'mkdir -p c && chroot "/proc/1/root" cat "' + at("home/.bashrc") + '"' },
  "the runner's environment is read": {
    script: `cat /proc/[0-9]*/environ | tr "\\0" "\\n" | grep CELL_RUNNER_SECRET`,
    succeeded: prints(new RegExp(SECRET)),
  },
  "the runner is ended": {
    script: "kill -9 -1; kill -9 $PPID",
    dies: true,
    succeeded: () => !outputs.has("a process outlives its job") || outputs.get("a process outlives its job") === "",
  },
  "a process outlives its job": {
    script: `env -i setsid sleep 8111.${process.pid} > /dev/null 2>&1 & (env -i setsid setsid nohup sleep 8111.${process.pid} > /dev/null 2>&1 &)`,
    succeeded: () => runningWith(`sleep 8111.${process.pid}`).length > 0,
  },
};

const outputs = new Map<string, string>();
const { HOME } = process.env;

beforeAll(async () => {
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(join(at(path), ".."), { recursive: true });
    writeFileSync(at(path), text);
  }
  process.env["HOME"] = at("home");
  process.env["CELL_RUNNER_SECRET"] = SECRET;
  const runner = createLocalRunner({
    directory: at("runner"),
    actionRoot: at("installation"),
    node: process.execPath,
    env: process.env,
    clock: () => 0,
    timers: realTimers,
    hidden: [at("forge"), at("project")],
  });
  const names = Object.keys(ATTEMPTS);
  const steps = Object.values(ATTEMPTS).map(
    ({ script }) => `      - { continue-on-error: true, run: ${JSON.stringify(`set +e\n${script}\necho ${TRIED}`)} }`,
  );
  const text = `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n${steps.join("\n")}\n`;
  const done = await new Promise<string>((resolve) => {
    let log = "";
    runner.start(
      {
        id: 1,
        workflow: { path: ".github/workflows/test.yml", text },
        event: { name: "push", payload: {} },
        inputs: {},
        ref: "refs/heads/main",
        sha: "a".repeat(40),
        actor: "ada",
        repository: { owner: "octo", name: "demo", defaultBranch: "main" },
        serverUrl: "http://127.0.0.1:1",
        apiUrl: "http://127.0.0.1:1/api/v3",
        secrets: {},
        environments: {},
        mintToken: () => "token",
        revokeToken: () => undefined,
        recordArtifact: () => 1,
      },
      { onTitle: () => undefined, onJob: (job) => (log = job.log ?? log), onDone: () => resolve(log) },
    );
  });
  const [head = "", ...parts] = readFileSync(done, "utf8")
    .replaceAll(/^\S+Z /gm, "")
    .split(/^##\[group\].*$/m);
  outputs.set("", head);
  names.forEach((name, index) => outputs.set(name, parts[index] ?? ""));
  await runner.close();
}, 120_000);

afterAll(() => {
  process.env["HOME"] = HOME;
  delete process.env["CELL_RUNNER_SECRET"];
  rmSync(world, { recursive: true, force: true });
});

const possible = Object.entries(ATTEMPTS).filter(([, { rootOnly }]) => ROOT_ONLY || !rootOnly);

if (hasNamespaces)
  attackFamily("cells", Object.fromEntries(possible.map(([name, attempt]) => [name, { name, attempt }])), ({ name, attempt }) => {
    const output = outputs.get(name);
    if (output === undefined || (!attempt.dies && !output.includes(TRIED)))
      throw new Error(`${name} was not tried: ${outputs.get("") ?? ""}`);
    const succeeded = attempt.succeeded ?? ((text: string) => text.includes(SECRET));
    return succeeded(output) || output.includes(SECRET) ? { through: output.slice(0, 300) } : { stopped: "out-of-reach" };
  });
else
  attackFamily("cells", { "this machine allows no namespaces, so cells are not tried": {} }, () => ({
    stopped: "skipped-without-namespaces",
  }));
