import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "smol-toml";
import { expect, test } from "vitest";
import { CLI } from "../support/cli.ts";
import { makeRepository, openTerminal } from "./stage.ts";

const page = readFileSync(new URL("../../docs/rehearsals.md", import.meta.url), "utf8");
const [, example = ""] = /^```toml\n([^]*?)^```$/m.exec(page) ?? [];
const [, shown = ""] = /^```sh\n(.*)\n```$/m.exec(page) ?? [];

test("docs/rehearsals.md: its example fits the schema of `enki schema rehearsal`, and an act with an unknown key does not", async () => {
  const { code, out } = await openTerminal().call(["schema", "rehearsal"]);
  expect(code).toBe(0);
  const takes = new Ajv2020().compile(JSON.parse(out) as object);
  expect(takes(parse(example))).toBe(true);
  for (const broken of [
    example.replace("write =", "wrote ="),
    example.replace(/^title.*$/m, ""),
    example.replace("must = true", "must = 1"),
  ])
    expect(takes(parse(broken))).toBe(false);
});

test("docs/rehearsals.md: its command plays its example, and the result is a branch with the file that it writes", async () => {
  const terminal = openTerminal();
  const cwd = join(terminal.root, "own");
  const git = makeRepository(cwd, {
    "package.json": '{ "scripts": { "test": "test ! -e CHANGELOG.md || grep -q Uploads CHANGELOG.md" } }\n',
  });
  writeFileSync(join(cwd, "rehearsal.toml"), example);
  const [, request = "", agent = "", verify = ""] = /^enki run "([^"]+)" --agent "enki ([^"]+)" --verify "([^"]+)"$/.exec(shown) ?? [];
  const played = `'${process.execPath}' '${CLI}' ${agent.replace("$PWD", cwd)}`;
  const told = await terminal.call(["run", request, "--yes", "--agent", played, "--verify", verify], { cwd });
  expect({ code: told.code, err: told.err }).toEqual({ code: 0, err: "" });
  const [, branch = ""] = /^ {2}git merge (enki\/[0-9a-f]{6})$/m.exec(told.out) ?? [];
  expect(git("show", `${branch}:CHANGELOG.md`)).toBe("- Uploads may have 10 MB.");
});
