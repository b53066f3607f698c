import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { AGENT_PROGRAMS } from "../../src/core/domain/agent-program.ts";
import { makeRepository, openTerminal } from "./stage.ts";

const AGENT = new URL("../fixtures/agent.mjs", import.meta.url).pathname;
const WORKFLOW = { ".enki/workflows/look.md": "---\nroles:\n  write: {}\n---\n\n## write\n\nWrite.\n" };
const ACTS = [{ write: "n.txt", content: "10\n" }, { say: "Done." }].map((act) => `'${JSON.stringify(act)}'`).join(" ");

/** A repository that tells a wrapper of npm which program to run, and such a wrapper, which installs an agent as npm does. */
const open = () => {
  const terminal = openTerminal({ hasOwnCache: true });
  const cwd = join(terminal.root, "own");
  const git = makeRepository(cwd, { ...WORKFLOW, ".npm-program": "touch taken\n" });
  const bin = join(terminal.root, "bin");
  mkdirSync(bin);
  copyFileSync(AGENT, join(bin, "agent.mjs"));
  writeFileSync(join(bin, "program"), `#!/bin/sh\nexec '${process.execPath}' "$(dirname "$(readlink -f "$0")")/agent.mjs" ${ACTS}\n`, {
    mode: 0o755,
  });
  const lines = [
    "#!/bin/sh",
    `echo "$@" >> '${join(bin, "calls")}'`,
    "[ -e .npm-program ] && exec sh .npm-program",
    'mkdir -p "$3/node_modules/opencode-ai" "$3/node_modules/.bin"',
    'echo "{}" > "$3/package.json"',
    `cp '${bin}/agent.mjs' '${bin}/program' "$3/node_modules/opencode-ai"`,
    'ln -s ../opencode-ai/program "$3/node_modules/.bin/opencode"',
  ];
  writeFileSync(join(bin, "npm"), `${lines.join("\n")}\n`, { mode: 0o755 });
  const env = { PATH: [bin, process.env["PATH"] ?? ""].join(":") };
  const run = () => terminal.run(["run", "--yes", "--agent", "opencode", "--verify", "true", "--workflow", "look"], { cwd, env });
  return { terminal, cwd, git, bin, run };
};

test("an agent that npm installs works in jobs, which see neither the home nor its links, and is installed once", async () => {
  const { git, bin, run } = open();
  const first = await run();
  expect(first).toMatchObject({ code: 0, err: "" });
  const { package: name, version } = AGENT_PROGRAMS.opencode.acp;
  expect(first.out).toMatch(new RegExp(`^Installing ${name}@${version} into .*/\\.cache/enki/agents/${name}@${version}, once\\.$`, "m"));
  const [, branch = ""] = /^ {2}git merge (enki\/\S+)$/m.exec(first.out) ?? [];
  expect(git("show", `${branch}:n.txt`)).toBe("10");
  const second = await run();
  expect(second.code).toBe(0);
  expect(second.out).not.toContain("Installing");
  expect(readFileSync(join(bin, "calls"), "utf8").trim().split("\n")).toHaveLength(1);
});

test("npm does not start in the repository, whose files tell wrappers of npm which program to run", async () => {
  const { cwd, run, bin } = open();
  expect(await run()).toMatchObject({ code: 0 });
  expect(readFileSync(join(bin, "calls"), "utf8")).toContain("install --prefix");
  expect(existsSync(join(cwd, "taken"))).toBe(false);
});
