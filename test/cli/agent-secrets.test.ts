import { expect, test } from "vitest";
import { openSeeds } from "../conformance/seed-stage.ts";

const WORKFLOW = "---\nroles:\n  write: {}\n---\n\n## write\n\nWrite.\n";
const CONFIG = '[agent]\nenv = { ASKED = "$GITHUB_TOKEN", ALLOWED = "$MY_GATEWAY" }\n';

test("a repository's configuration cannot take a variable of the person's shell that the person does not allow", async () => {
  const { run, git } = openSeeds(
    { ".enki/enki.toml": CONFIG, ".enki/workflows/look.md": WORKFLOW },
    [{ run: 'printf "%s\\n" "asked=${ASKED-}" "allowed=${ALLOWED-}" "$(env | grep -c github-value)" > seen.txt' }, { say: "Done." }],
    {
      env: { GITHUB_TOKEN: "github-value", MY_GATEWAY: "https://gateway.example" },
      home: { ".enki/enki.toml": '[agent]\nenv = { MY_GATEWAY = "$MY_GATEWAY" }\n' },
    },
  );
  const it = await run("--workflow", "look");
  expect({ code: it.code, err: it.err }).toEqual({ code: 0, err: "" });
  expect(git("show", `${it.branch ?? ""}:seen.txt`)).toBe("asked=\nallowed=https://gateway.example\n0");
  expect(it.out).toContain(
    'The repository\'s configuration wants to pass $GITHUB_TOKEN of this shell to its agent. Enki does not, unless you allow it in ~/.enki/enki.toml:\n  [agent]\n  env = { GITHUB_TOKEN = "$GITHUB_TOKEN" }\n',
  );
  expect(it.out).not.toContain("$MY_GATEWAY");
});
