import { checkBundle, type BundleFile } from "../../src/core/policy/check-bundle.ts";
import { listProtectedGlobs } from "../../src/core/policy/protected-paths.ts";
import { CREDENTIALS, DISGUISES } from "../support/credentials.ts";
import { attackFamily, type AttackVariants } from "./attack-family.ts";

type Bundle = { readonly files: readonly Partial<BundleFile>[]; readonly globs?: readonly string[]; readonly allowed?: readonly string[] };
type Expected = Bundle & { readonly expected: string };

/** The default configuration of a repository without files for Enki. */
const DEFAULTS = listProtectedGlobs({ protected: [], unprotected: [] });
const MAX_CPU_MS = 1_000;

/** An attack gets through if Enki accepts the bundle, or if the check takes so long that others wait. */
const judge = ({ files, globs = [], allowed = [] }: Bundle) => {
  const bundle = files.map((file): BundleFile => ({ path: "src/a.ts", kind: "file", executable: false, size: 10, text: "a\n", ...file }));
  const rules = { protected: [...DEFAULTS, ...globs], anyLockFiles: false, allowed, maxFiles: 100, maxBytes: 10_000_000, resolving: false };
  const started = process.cpuUsage();
  const result = checkBundle(bundle, rules);
  const { user, system } = process.cpuUsage(started);
  const ms = (user + system) / 1_000;
  if (ms > MAX_CPU_MS) return { through: `it took ${ms} ms of CPU` };
  return result.ok ? { through: JSON.stringify(files).slice(0, 200) } : { stopped: result.refusal.code };
};

const at = (path: string, expected: string): Expected => ({ files: [{ path }], expected });
const each = <T>(entries: readonly (readonly [string, T])[]): Record<string, T> => Object.fromEntries(entries);

/** Spellings that name a file on some file system. Enki must refuse each wherever it refuses the plain spelling. */
const SPELLINGS: Readonly<Record<string, (path: string) => string>> = {
  plain: (path) => path,
  "in capitals": (path) => path.toUpperCase(),
  "with a wide letter": (path) => path.replace(/[a-z]/i, (letter) => String.fromCharCode(letter.charCodeAt(0) + 0xfee0)),
  "with a zero-width space": (path) => path.replace(/[a-z]/i, "$&\u200b"),
  "with a soft hyphen": (path) => path.replace(/[a-z]/i, "$&\u00ad"),
  "with a grapheme joiner": (path) => path.replace(/[a-z]/i, "$&\u034f"),
  "with a trailing dot": (path) => `${path}.`,
  "with a trailing blank": (path) => `${path} `,
  "with a stream": (path) => `${path}::$DATA`,
};

const PROTECTED = [
  ".github/workflows/ci.yml",
  ".github/actions/build/action.yml",
  ".enki/enki.toml",
  ".enki/roles/planner.toml",
  ".gitmodules",
  "sub/.gitmodules",
  "CODEOWNERS",
  ".github/CODEOWNERS",
  "docs/CODEOWNERS",
  "action.yml",
  "tools/action.yaml",
  ".github/dependabot.yml",
  ".github/settings.yml",
  ".npmrc",
  "packages/a/.yarnrc.yml",
  ".husky/pre-commit",
  ".vscode/tasks.json",
  ".claude/settings.json",
  ".mcp.json",
  "AGENTS.md",
  "docs/CLAUDE.md",
  ".gitattributes",
];

const spelled: AttackVariants<Bundle> = each(
  PROTECTED.flatMap((path) =>
    Object.entries(SPELLINGS).map(([how, spell]) => [`${path} ${how}`, { files: [{ path: spell(path) }] }] as const),
  ),
);

const MORE_PROTECTED = [
  "renovate.json",
  ".github/renovate.json5",
  ".mergify.yml",
  ".circleci/config.yml",
  ".gitlab-ci.yml",
  "azure-pipelines.yml",
  "Jenkinsfile",
  ".pnpmfile.cjs",
  ".yarn/releases/yarn-4.cjs",
  ".yarn/plugins/x.cjs",
  "bunfig.toml",
  "pip.conf",
  ".pypirc",
  ".cargo/config.toml",
  "nuget.config",
  ".mvn/extensions.xml",
  "gradle/wrapper/gradle-wrapper.jar",
  ".githooks/pre-push",
  "lefthook.yml",
  ".pre-commit-config.yaml",
  ".lintstagedrc.json",
  ".lfsconfig",
  ".idea/workspace.xml",
  ".devcontainer/devcontainer.json",
  "x.code-workspace",
  ".envrc",
  "mise.toml",
  ".cursor/rules/a.mdc",
  ".cursorrules",
  ".codex/config.toml",
  ".gemini/settings.json",
  "GEMINI.md",
  "opencode.json",
  ".github/copilot-instructions.md",
  ".github/instructions/a.md",
  ".windsurfrules",
  ".aider.conf.yml",
  ".github/secret_scanning.yml",
  ".github/dependency-review-config.yml",
  ".github/codeql/codeql-config.yml",
  ".coderabbit.yaml",
  ".pr_agent.toml",
  ".pnp.cjs",
  "packages/a/.pnp.loader.mjs",
  ".yarn/sdks/typescript/bin/tsc",
  ".yarn/unplugged/x/index.js",
  ".bazelrc",
  ".bazeliskrc",
  ".config/mise.toml",
  ".config/mise/config.toml",
  ".mise/tasks/build",
  ".run/test.run.xml",
  ".idx/dev.nix",
  ".replit",
  ".gdbinit",
  "sub/.lldbinit",
  ".vim/vimrc",
  "x.sublime-project",
  "WARP.md",
  ".openhands/setup.sh",
  ".copilot/mcp-config.json",
  "fixtures/bare/HEAD",
  "fixtures/bare/head",
  "HEAD",
  ".hg/hgrc",
  "sub/.jj/repo/config.toml",
  ".mergify/config.yml",
  "bors.toml",
  ".asf.yaml",
  ".github/policies/resourceManagement.yml",
  ".gitlab/ci/build.yml",
  ".forgejo/workflows/ci.yml",
  ".gitea/workflows/ci.yml",
  ".tekton/push.yaml",
  ".azure-pipelines/build.yml",
  ".builds/alpine.yml",
  "bitrise.yml",
  "codemagic.yaml",
  ".zuul.yaml",
  "ci/Jenkinsfile",
  ".jvmopts",
  ".cargo-husky/hooks/pre-commit",
  "captainhook.json",
  "hk.pkl",
  ".dir-locals-2.el",
  "analysis/.Rprofile",
  ".irbrc",
  ".pryrc",
  ".iex.exs",
  ".ghci",
  "mise.production.toml",
  "mise/config.toml",
  ".mise-tasks/build",
  "mise-tasks/test",
  ".agent/rules/a.md",
  ".amp/settings.json",
  ".cline/mcp.json",
  ".claude-plugin/plugin.json",
  ".roomodes",
  ".kilocodemodes",
  ".augment-guidelines",
  ".geminiignore",
  ".aiexclude",
  ".github/mcp.json",
  ".github/lsp.json",
];

const gitNames = [
  ".git",
  "git~1",
  "GI7EBA~1",
  ".git:x:$DATA",
  ".git::$INDEX_ALLOCATION",
  ".GIT",
  ".git.",
  ".git ",
  ".g\u200cit",
  ".g\u034fit",
  ".gıt",
  ".\uff47it",
  "g\u200dit~1",
  "GIT~2",
  "gi7eb\uff41~1",
  ".git . .",
  ".git\u2060",
  ".git\ufe0f",
  ".\u{1d420}it",
  ".g\u2170t",
  "\u2024git",
  ".gi\ufe00t",
  ".\u{e0067}git",
];
const gitPlaces: AttackVariants<Bundle> = each(
  gitNames.flatMap((name) =>
    [`${name}/config`, `a/${name}/hooks/post-checkout`, `a/b/${name}`].map(
      (path) => [`git's directory as ${JSON.stringify(path)}`, at(path, "bad-path")] as const,
    ),
  ),
);

const BAD_PATHS: Readonly<Record<string, string>> = {
  "out of the tree": "../x",
  "out of the tree, later": "a/../../x",
  "an absolute path": "/etc/passwd",
  "a drive": "C:/x",
  "a drive without a slash": "c:x",
  backslashes: "a\\..\\..\\x",
  "a share": "\\\\host\\share",
  "wide dots": "．．/x",
  "a two dot leader": "‥/x",
  "a wide slash": "a／b",
  "a NUL": "a\0b",
  "a line end": "a\nb",
  "an escape": "a\u001b[2Jb",
  "half a character": "a\ud800",
  "an empty part": "a//b",
  "no name": "",
  "this folder": "./a",
  "a hundred folders too deep": `${"a/".repeat(101)}b`,
  "a name that is too long": "a".repeat(300),
  "an option": "-rf",
  "an option of tar": "--checkpoint-action=exec=sh a",
  "a right-to-left override": "a\u202egpj.exe",
  "a tag character": "a\u{e0041}",
  "a private character": "a\uf03a",
  "a wide backslash": "a\uff3cb",
  "a small backslash": "a\ufe68b",
  "three dots of one character": "\u2026/x",
  "two one dot leaders": "\u2024\u2024/x",
  "dots and an invisible character": ".\u200b./x",
  "dots and a blank": "a/.. /x",
  "dots with a variation selector": "a/..\ufe0f/x",
  "a care-of sign": "a\u2105b",
  "a reserved ignorable character": "a\u{e0800}b",
  "a noncharacter": "a\u{10ffff}b",
  "a next line": "a\u0085b",
  "a line separator": "a\u2028b",
  "a blank of another script at a folder's end": "a\u3000/b",
  "a drive of a wide letter": "\uff23:/x",
  "marks that cover the line": `a${"\u0489".repeat(20)}`,
  "a tab": "a\tb",
  "an absolute path of wide slashes": "\uff0fetc\uff0fpasswd",
};
const DEVICES = [
  "con",
  "PRN",
  "aux.ts",
  "nul.tar.gz",
  "COM1",
  "com9.txt",
  "lpt1",
  "COM¹",
  "lpt³.log",
  "conin$",
  "src/CONOUT$",
  "a/clock$",
  "NUL",
  "a/nul .txt",
  "\uff23\uff2f\uff2e",
  "co\u24dd",
  "com\u2081",
  "aux.",
  "prn .x",
  "LPT\u2079",
];
const SHORT = [
  "ENKI~1/enki.toml",
  "GITHUB~1/x",
  "a/PROGRA~2",
  "PACKAG~1.JSO",
  "CLAUDE~1.MD",
  "a~1",
  "GITMOD~1",
  "GI7D29~1",
  "gi7d29~10",
  "ENKI~1",
  "CODEOW~1",
  "AGENTS~1.MD",
  "a/\uff27ITHUB~1/x",
  "GITHUB\uff5e1/x",
  "NPMRC~1",
  "MCP~1.JSO",
];

const KINDS: AttackVariants<Bundle> = {
  "a symbolic link": { files: [{ kind: "link" }], expected: "not-a-file" },
  "a submodule": { files: [{ kind: "other" }], expected: "not-a-file" },
  "a file in the place of .github": at(".github", "protected-path"),
  "a file in the place of .github/workflows": at(".github/workflows", "protected-path"),
  "a file in the place of .enki": at(".enki", "protected-path"),
  "a file in the place of .ENKI": at(".ENKI", "protected-path"),
  "a file in the place of .husky": at(".husky", "protected-path"),
  "a file in the place of a configured folder": { files: [{ path: "deploy" }], globs: ["deploy/**"], expected: "protected-path" },
  "a file in the place of a parent of a configured folder": {
    files: [{ path: "ops" }],
    globs: ["ops/deploy/**"],
    expected: "protected-path",
  },
  "a deleted workflow": { files: [{ path: ".github/workflows/ci.yml", kind: "deleted", text: null }], expected: "protected-path" },
  "a deleted CODEOWNERS": { files: [{ path: "CODEOWNERS", kind: "deleted", text: null }], expected: "protected-path" },
  "two names in two cases": { files: [{ path: "Readme" }, { path: "README" }], expected: "same-path" },
  "two names in two forms": { files: [{ path: "u\u0308" }, { path: "\u00fc" }], expected: "same-path" },
  "two names, one with a sharp s": { files: [{ path: "straße" }, { path: "strasse" }], expected: "same-path" },
  "two names, one with a ligature": { files: [{ path: "\ufb01x" }, { path: "fix" }], expected: "same-path" },
  "two names, one with the Kelvin sign": { files: [{ path: "\u212aelvin" }, { path: "kelvin" }], expected: "same-path" },
  "the same name twice": { files: [{}, {}], expected: "same-path" },
  "a file that is a folder": { files: [{ path: "a" }, { path: "a/b" }], expected: "file-and-folder" },
  "a file that is a folder in another case": { files: [{ path: "A" }, { path: "a/b" }], expected: "file-and-folder" },
  "too many files": { files: Array.from({ length: 101 }, (_, index) => ({ path: `f${index}` })), expected: "too-many-files" },
  "too many bytes": { files: [{ size: 10_000_001 }], expected: "too-large" },
  "a path that its step may not change": { files: [{ path: "src/a" }], allowed: ["docs/**"], expected: "outside-paths" },
  "a path above what its step may change": { files: [{ path: "docs2/a" }], allowed: ["docs/**"], expected: "outside-paths" },
};

const LOCKS = [
  "package-lock.json",
  "yarn.lock",
  "pnpm-lock.yaml",
  "bun.lock",
  "Cargo.lock",
  "go.sum",
  "poetry.lock",
  "uv.lock",
  "Gemfile.lock",
  "composer.lock",
  "flake.lock",
  "sub/package-lock.json",
];

const GLOBS = [
  "*a*a*a*a*a*a*a*a*a*b",
  "**/*a*a*b/**/*a*a*b/**/z",
  `${"*?".repeat(200)}b`,
  `${"{a,b}".repeat(40)}c`,
  `${"**/a".repeat(200)}b`,
];

const SAMPLE = ["a stateless GitHub installation token", "an Anthropic key", "an npm token", "a Stripe key", "a PKCS#8 key"];
const hidden = SAMPLE.flatMap((name) =>
  Object.entries(DISGUISES).map(
    ([how, hide]) =>
      [`${name} ${how}`, { files: [{ text: `const x = ${hide(CREDENTIALS[name] ?? "")};\n` }], expected: "secret" }] as const,
  ),
);

attackFamily<Bundle>(
  "bundles",
  {
    ...spelled,
    ...gitPlaces,
    ...KINDS,
    ...each(MORE_PROTECTED.map((path) => [path, at(path, "protected-path")] as const)),
    ...each(Object.entries(BAD_PATHS).map(([how, path]) => [`a path with ${how}`, at(path, "bad-path")] as const)),
    ...each(DEVICES.map((path) => [`the device ${path}`, at(path, "bad-path")] as const)),
    ...each(SHORT.map((path) => [`the short name ${path}`, at(path, "bad-path")] as const)),
    ...each(LOCKS.map((path) => [`${path} alone`, at(path, "protected-path")] as const)),
    ...each(
      GLOBS.flatMap((glob, index) => [
        [`slow glob ${index + 1} of a step`, { files: [{ path: "a".repeat(250) }], allowed: [glob], expected: "outside-paths" }] as const,
        [
          `slow glob ${index + 1} of a step, on folders`,
          { files: [{ path: `${"aaaa/".repeat(98)}a` }], allowed: [glob], expected: "outside-paths" },
        ] as const,
      ]),
    ),
    ...each(
      Object.entries(CREDENTIALS).map(
        ([name, text]) => [`${name} in a file`, { files: [{ text: `x = "${text}"\n` }], expected: "secret" }] as const,
      ),
    ),
    ...each(
      Object.entries(CREDENTIALS)
        .filter(([, text]) => /^[\w.~-]{20,200}$/.test(text))
        .map(
          ([name, text]) =>
            [`${name} as a name`, { files: [{ path: `notes/${text}`, kind: "deleted", text: null }], expected: "secret" }] as const,
        ),
    ),
    ...each(hidden),
  },
  judge,
);
