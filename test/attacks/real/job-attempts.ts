/** An attempt by hostile code in a job: a bash script, and its success as judged from outside. */
export type JobAttempt = {
  readonly script: string;
  /** A file below the world that must be unchanged afterwards, with its content; null if the file must not exist. */
  readonly untouched?: { readonly path: string; readonly content: string | null };
  /** The command line of a process that must be gone afterwards. */
  readonly gone?: string;
};

const EVIL = "evil-content";

/** Paths of the world around a job, as known to its hostile code in the worst case. */
const PLACES = {
  environment: "$WORLD/temp/_runner_file_commands/set_env",
  output: "$WORLD/temp/_runner_file_commands/set_output",
  path: "$WORLD/temp/_runner_file_commands/add_path",
  state: "$WORLD/temp/_runner_file_commands/save_state",
  summary: "$WORLD/temp/_runner_file_commands/step_summary",
  "the installation": "$WORLD/installation/dist/action.js",
  "the roles": "$WORLD/installation/roles/planner.toml",
  "the person's shell": "$WORLD/home/.bashrc",
  "the person's git": "$WORLD/home/.gitconfig",
  "the person's npm": "$WORLD/home/.npmrc",
} as const;

const WRITES = {
  "written to": `echo ${EVIL} >> "FILE"`,
  "replaced by a rename": `echo ${EVIL} > x; mv -f x "FILE"`,
  "written to through the parent's root": `echo ${EVIL} >> "/proc/$PPID/root/FILE"`,
} as const;

const writes = Object.entries(PLACES).flatMap(([name, file]) =>
  Object.entries(WRITES).map(([way, script]): [string, JobAttempt] => [
    `${name} is ${way}`,
    { script: script.replace("FILE", file), untouched: { path: file.replace("$WORLD/", ""), content: "untouched\n" } },
  ]),
);

const READS: Readonly<Record<string, string>> = {
  "its own environment": "env",
  "its parent's environment": `tr "\\0" "\\n" < /proc/$PPID/environ`,
  "every ancestor's environment":
    'pid=$PPID; while [ "$pid" -gt 0 ]; do cat /proc/$pid/environ; pid=$(sed -n "s/^PPid:\\s*//p" /proc/$pid/status); done',
  "every process's environment": "cat /proc/[0-9]*/environ",
  "every thread's environment": "cat /proc/[0-9]*/task/*/environ",
  "the first process's environment": "cat /proc/1/environ",
  "every command line": "cat /proc/[0-9]*/cmdline",
  "every open file": "for file in /proc/[0-9]*/fd/*; do timeout 0.2 head -c 100000 $file < /dev/null & done; wait",
  "the parent's memory": `python3 - <<'END'
import os
pid = os.getppid()
while pid > 0:
    try:
        for line in open(f"/proc/{pid}/maps"):
            if "[stack]" not in line and "[heap]" not in line: continue
            start, end = (int(part, 16) for part in line.split()[0].split("-"))
            memory = open(f"/proc/{pid}/mem", "rb")
            memory.seek(start)
            print(memory.read(end - start))
        pid = int(open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[1])
    except OSError:
        break
END`,
  "the parent with a debugger":
    'gdb -p $PPID -batch -ex "call (char*)getenv(\\"ACTIONS_RUNTIME_TOKEN\\")"; strace -f -p $PPID -o trace & sleep 0.1; kill %1; cat trace',
  "the job's directory": 'cat "$WORLD"/temp/enki/* "$WORLD"/temp/enki/clone.git/config',
  "the runner's directory": 'grep -r . "$WORLD/temp"',
  "the person's home": 'cat "$WORLD"/home/.* "$WORLD"/home/.ssh/*',
  "the person's home as a root": "cat /proc/1/root/$WORLD/home/.ssh/id /proc/$PPID/cwd/../home/.ssh/id",
  "a user namespace":
    'unshare --user --map-root-user --mount --pid --fork --mount-proc sh -c "umount -l $WORLD/home; umount -l /tmp; cat $WORLD/home/.ssh/id; cat /proc/1/environ"',
  "a namespace of the first process": "nsenter --target 1 --mount --pid cat $WORLD/home/.ssh/id",
  sudo: 'sudo -n cat "$WORLD/home/.ssh/id"; su -c "cat $WORLD/home/.ssh/id"; pkexec cat "$WORLD/home/.ssh/id"',
  "the docker socket": "curl -s -m 1 --unix-socket /var/run/docker.sock http://x/containers/json && echo SEC$()RET-of-docker",
  "a link in the workspace": 'ln -s "$WORLD/home/.ssh/id" link; cat link',
  "a hard link": 'ln "$WORLD/home/.ssh/id" hard && cat hard',
  "a disk": "mknod disk b 254 0; head -c 1 disk && echo SEC$()RET-of-a-disk; head -c 1 /dev/vda && echo SEC$()RET-of-a-disk",
  "another root": 'mkdir -p c; chroot /proc/1/root cat "$WORLD/home/.ssh/id"; chroot / cat "$WORLD/home/.ssh/id"',
  "a handle": `python3 -c 'import ctypes, os; libc = ctypes.CDLL(None); handle = ctypes.create_string_buffer(b"\\x80\\0\\0\\0", 200); mount = ctypes.c_int(); libc.name_to_handle_at(-100, b"/etc/shadow", handle, ctypes.byref(mount), 0); descriptor = libc.open_by_handle_at(os.open("/", 0), handle, 0); print("SEC" + "RET-of-a-handle" if descriptor >= 0 else "")'`,
  "the shadow file": "cat /etc/shadow | grep : && echo SEC$()RET-of-shadow",
};

const DETACH: Readonly<Record<string, string>> = {
  "in the background": "sleep N &",
  "in a session of its own": "setsid sleep N &",
  "by a double fork": "(setsid sleep N &) &",
  "with an empty environment": "env -i setsid sleep N &",
  "with an empty environment by a double fork": "(env -i setsid setsid sleep N > /dev/null 2>&1 &)",
  "without hanging up": "nohup sleep N > /dev/null 2>&1 &",
  disowned: "sleep N & disown -a",
  "without a reaction to signals": `(trap "" TERM HUP INT; exec setsid sleep N) &`,
  "as a coprocess": "coproc { exec sleep N; }",
  "as a daemon": `python3 -c 'import os; (os.fork() and os._exit(0)); os.setsid(); (os.fork() and os._exit(0)); os.execvp("sleep", ["sleep", "N"])'`,
  "through systemd": "systemd-run --user --no-block sleep N; systemd-run --no-block sleep N",
  "through at": 'echo "sleep N" | at now; echo "* * * * * sleep N" | crontab -',
  stopped: "setsid sh -c 'kill -STOP $$; exec sleep N' &",
  "in a namespace of its own": "unshare --user --map-root-user --pid --fork sleep N &",
};

const COMMANDS = [
  "::set-env name=EVIL::1",
  "::add-path::/evil",
  "::add-mask::e",
  "::set-output name=evil::1",
  "::save-state name=evil::1",
  "::error file=evil::x",
  "::stop-commands::evil",
  "::group::evil",
  "  ::set-env name=EVIL::1",
  "::SET-ENV name=EVIL::1",
  "::debug::evil",
  "::notice title=evil::x",
  "::echo::on evil",
  "::add-matcher::/evil",
  "##[command]evil",
  "##[group]evil",
  "##[add-mask]evil",
  "##[set-env name=EVIL]1",
  "text ##[add-path]/evil",
];

/** Ways to print a line to the log; each must start its own line there. */
const SAY: Readonly<Record<string, string>> = {
  "a line": 'printf "%s\\n" LINE',
  "a carriage return": 'printf "x\\r%s\\r\\n" LINE',
  "two pieces": 'printf "%.4s" LINE; sleep 0.02; printf "%s\\n" LINE | cut -c5-',
};

const GIT: Readonly<Record<string, string>> = {
  "a filter": 'git config filter.evil.clean "touch $WORLD/temp/pwned; cat"; echo "* filter=evil" > .gitattributes; echo x > evil.txt',
  "a monitor": 'git config core.fsmonitor "touch $WORLD/temp/pwned"',
  "a hook": 'printf "#!/bin/sh\\ntouch $WORLD/temp/pwned\\n" > .git/hooks/post-index-change; chmod +x .git/hooks/post-index-change',
  "the job's own clone":
    'git --git-dir="$WORLD/temp/enki/clone.git" config filter.evil.clean "touch $WORLD/temp/pwned; cat"; echo "* filter=evil" > .git/info/attributes',
};

/** A program that leaves a mark, and ways to make git start the program after the command. The last ones replace the repository. */
const PROGRAM = 'printf "#!/bin/sh\\ntouch $WORLD/temp/pwned\\ncat\\n" > "$PWD/.git/evil"; chmod +x "$PWD/.git/evil"';
const STARTERS: Readonly<Record<string, string>> = {
  "an alias": 'for name in add status diff commit rev-parse ls-files; do git config "alias.$name" "!$PWD/.git/evil"; done',
  "another folder of hooks":
    'mkdir .git/h; for name in pre-commit post-checkout post-index-change reference-transaction; do cp .git/evil ".git/h/$name"; done; git config core.hooksPath "$PWD/.git/h"',
  "a process of a filter":
    'git config filter.evil.process "$PWD/.git/evil"; git config filter.evil.required true; echo "* filter=evil" > .git/info/attributes; echo x > evil.txt',
  "a converter of changes":
    'git config diff.evil.textconv "$PWD/.git/evil"; git config diff.evil.command "$PWD/.git/evil"; echo "* diff=evil" > .gitattributes',
  "an external diff": 'git config diff.external "$PWD/.git/evil"',
  "a merge driver": 'git config merge.evil.driver "$PWD/.git/evil"; echo "* merge=evil" > .gitattributes',
  "a program that signs":
    'git config commit.gpgSign true; git config gpg.program "$PWD/.git/evil"; git config gpg.ssh.program "$PWD/.git/evil"',
  "a pager and an editor":
    'git config core.pager "$PWD/.git/evil"; git config core.editor "$PWD/.git/evil"; git config sequence.editor "$PWD/.git/evil"',
  "a transport":
    'git config core.sshCommand "$PWD/.git/evil"; git config core.gitProxy "$PWD/.git/evil"; git config protocol.ext.allow always; git config "url.ext::$PWD/.git/evil.insteadOf" /',
  "a helper for credentials": 'git config credential.helper "!$PWD/.git/evil"; git config core.askPass "$PWD/.git/evil"',
  "an included configuration":
    'printf "[core]\\n\\tfsmonitor = %s\\n" "$PWD/.git/evil" > .git/more; git config include.path more; git config "includeIf.gitdir:/**.path" more',
  "a configuration of the work tree":
    'git config extensions.worktreeConfig true; printf "[core]\\n\\tfsmonitor = %s\\n" "$PWD/.git/evil" > .git/config.worktree',
  "a repository in a folder": 'git init -q sub; git -C sub config core.fsmonitor "$PWD/.git/evil"; echo x > sub/x',
  "a bare repository in a folder":
    'git init -q --bare sub; git -C sub config core.fsmonitor "$PWD/.git/evil"; git -C sub config core.worktree ..; echo x > sub/x',
  "a submodule": 'printf "[submodule \\"s\\"]\\n\\tpath = s\\n\\turl = -u./evil\\n\\tupdate = !touch $WORLD/temp/pwned\\n" > .gitmodules',
  "an index with hidden entries":
    'git update-index --assume-unchanged $(git ls-files); git update-index --skip-worktree $(git ls-files); git config core.fsmonitor "$PWD/.git/evil"',
  "variables of git":
    'export GIT_EXTERNAL_DIFF="$PWD/.git/evil" GIT_SSH_COMMAND="$PWD/.git/evil" GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.fsmonitor GIT_CONFIG_VALUE_0="$PWD/.git/evil"',
  "another work tree": 'git config core.fsmonitor "$PWD/.git/evil"; git config core.worktree "$WORLD"',
  "a gitfile": 'git config core.fsmonitor "$PWD/.git/evil"; mv .git other; echo "gitdir: other" > .git',
};

const SPOIL: Readonly<Record<string, string>> = {
  "a pipe": 'rm -rf "$WORLD/temp/enki/bundle"; mkdir -p "$WORLD/temp/enki/bundle"; mkfifo "$WORLD/temp/enki/bundle/report.json"',
  "a link": 'ln -s "$WORLD/home" "$WORLD/temp/enki/bundle"',
  "a file": 'echo evil > "$WORLD/temp/enki/bundle"',
  "a huge output": "yes evil | head -c 5000000",
  "many processes": "for i in $(seq 200); do sleep 100 & done",
};

/** Attempts without a gain even on machines without any separation. */
const STOPPED_EVERYWHERE =
  /^(?:a secret is read from (?:its own environment|its parent's environment|every ancestor's environment|every process's environment|every thread's environment|the first process's environment|every command line|sudo|the docker socket|a handle|a disk|the shadow file)|a process stays (?:in the background|in a session of its own|by a double fork|without hanging up|disowned|without a reaction to signals|as a coprocess)|the runner is told .*|git runs (?:a filter|a monitor|a hook)|the bundle is spoiled by (?:a huge output|many processes))$/;

export const isStoppedEverywhere = (name: string): boolean => STOPPED_EVERYWHERE.test(name);

/** Lists the attempts by name; `mark` makes their processes unique. */
export const listJobAttempts = (mark: string): Readonly<Record<string, JobAttempt>> => ({
  ...Object.fromEntries(writes),
  ...Object.fromEntries(Object.entries(READS).map(([name, script]) => [`a secret is read from ${name}`, { script }])),
  ...Object.fromEntries(
    Object.entries(DETACH).map(([name, script], index) => {
      const seconds = `${9_000 + index}.${mark}`;
      return [`a process stays ${name}`, { script: script.replaceAll("N", seconds), gone: `sleep ${seconds}` }];
    }),
  ),
  ...Object.fromEntries(
    COMMANDS.flatMap((line) =>
      Object.entries(SAY).map(([way, script]) => [
        `the runner is told ${line.trim()} by ${way}${line.startsWith(" ") ? ", indented" : ""}`,
        { script: script.replaceAll("LINE", `'${line}'`) },
      ]),
    ),
  ),
  ...Object.fromEntries(
    [...Object.entries(GIT), ...Object.entries(STARTERS).map(([name, script]) => [name, `${PROGRAM}; ${script}`] as const)].map(
      ([name, script]) => [`git runs ${name}`, { script, untouched: { path: "temp/pwned", content: null } }],
    ),
  ),
  ...Object.fromEntries(Object.entries(SPOIL).map(([name, script]) => [`the bundle is spoiled by ${name}`, { script }])),
});
