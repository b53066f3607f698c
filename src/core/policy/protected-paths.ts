import { compileFoldedGlob, compileGlob, toFoldedParts } from "./glob.ts";

/** GitHub and Enki run these files without a person's review, so no configuration lets a step change them. */
export const ALWAYS_PROTECTED: readonly string[] = [".github/workflows/**", ".github/actions/**", ".enki/**", "**/.gitmodules"];

/** More globs for an organisation's `.github` repository: Enki's configuration for all of its repositories. */
export const ORGANISATION_PROTECTED: readonly string[] = ["enki/**"];

/** Files that are protected unless `[policy] unprotected` names the group or the exact glob. */
export type ProtectedGroup = { readonly name: string; readonly about: string; readonly globs: readonly string[] };

const anywhere = (...globs: readonly string[]): string[] => globs.map((glob) => `**/${glob}`);

export const PROTECTED_GROUPS: readonly ProtectedGroup[] = [
  { name: "owners", about: "who reviews", globs: ["CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS"] },
  { name: "actions", about: "actions that workflows run", globs: anywhere("action.yml", "action.yaml") },
  {
    name: "bots",
    about: "settings of the repository and its bots",
    globs: [
      ".github/{dependabot,settings,mergify,labeler,auto_assign,stale,secret_scanning,dependency-review-config}.{yml,yaml}",
      ".github/codeql/**",
      ".{coderabbit,codacy,sourcery,sweep}.{yml,yaml}",
      ".pr_agent.toml",
      ".{mergify,kodiak}.{yml,yaml,toml}",
      ".mergify/**",
      "{,.}bors.toml",
      ".asf.yaml",
      ".github/policies/**",
      "{,.github/,.gitlab/}{,.}renovate.{json,json5}",
      ".renovaterc{,.json,.json5}",
    ],
  },
  {
    name: "ci",
    about: "other systems that run with secrets",
    globs: [
      ".{gitlab-ci,travis,drone,cirrus,appveyor,woodpecker}.{yml,yaml}",
      "{azure-pipelines,bitbucket-pipelines,appveyor,buildspec,cloudbuild}.{yml,yaml}",
      ".{circleci,buildkite,woodpecker,teamcity,semaphore,tekton,azure-pipelines,builds,harness}/**",
      ".{gitea,forgejo,gitlab}/**",
      "{bitrise,.build,.evergreen,.taskcluster}.yml",
      "{codemagic,.zuul,.packit}.yaml",
      "**/Jenkinsfile",
    ],
  },
  {
    name: "packages",
    about: "settings of package managers and downloads",
    globs: anywhere(
      ".npmrc",
      ".yarnrc{,.yml,.yaml}",
      ".yarn/{plugins,releases,sdks,unplugged}/**",
      ".pnp{,.loader}.{cjs,mjs,js}",
      ".pnpmfile.{cjs,mjs,js}",
      "{.bazelrc,.bazeliskrc}",
      "bunfig.toml",
      "{pip.conf,pip.ini,.pypirc,uv.toml,.condarc}",
      ".cargo/**",
      ".bundle/config",
      "{.gemrc,nuget.config,.netrc,_netrc,.curlrc,.wgetrc}",
      ".{m2,mvn}/**",
      "gradle/wrapper/**",
      "{.sbtopts,.jvmopts}",
    ),
  },
  {
    name: "hooks",
    about: "commands that git and commit tools run",
    globs: anywhere(
      ".{husky,githooks,git-hooks}/**",
      ".huskyrc{,.js,.cjs,.json,.yml,.yaml}",
      "{,.}lefthook{,-local}.{yml,yaml,toml,json}",
      ".pre-commit-{config,hooks}.{yml,yaml}",
      ".lintstagedrc{,.js,.cjs,.mjs,.json,.yml,.yaml}",
      "{,.}{lint-staged,simple-git-hooks}{,.config}.{js,cjs,mjs,ts,json}",
      ".overcommit.yml",
      ".cargo-husky/**",
      "{,.}{captainhook.json,prek.toml,hk.pkl}",
    ),
  },
  {
    name: "git",
    about: "how git reads files",
    globs: anywhere(".gitattributes", ".lfsconfig", ".gitconfig", "HEAD", ".{hg,svn,bzr,jj}/**"),
  },
  {
    name: "editors",
    about: "commands that editors and shells run",
    globs: anywhere(
      ".{vscode,idea,devcontainer,zed,fleet,vs,helix,run,nova,theia,vim,nvim,idx,codesandbox,mise}/**",
      ".devcontainer.json",
      "{*.code-workspace,*.sublime-project,.replit,replit.nix}",
      "{.envrc,.exrc,.nvimrc,.nvim.lua,.vimrc,.lvimrc,.dir-locals{,-2}.el,.gitpod.yml,.gdbinit,.lldbinit}",
      "{.Rprofile,.Renviron,.irbrc,.pryrc,.iex.exs,.ghci,.ocamlinit}",
      "{,.config/}{,.}mise{,.*}.toml",
      "{,.config/}mise/**",
      "{,.}mise-tasks/**",
    ),
  },
  {
    name: "agents",
    about: "instructions and tools of agents",
    globs: [
      ...anywhere(
        "{AGENTS,AGENTS.override,AGENT,CLAUDE,CLAUDE.local,GEMINI,QWEN,CRUSH,WARP}.md",
        "{.mcp,opencode,.opencode}.{json,jsonc}",
        ".{claude,cursor,codex,gemini,opencode,windsurf,roo,continue,amazonq,kiro,junie,qwen,agents,factory,trae,augment}/**",
        ".{copilot,crush,goose,kilocode,openhands,tabnine,warp,zencoder,agent,amp,cline,devin,firebender}/**",
        ".{claude,codex}-plugin/**",
        "{.cursorrules,.cursorignore,.windsurfrules,.roorules,.roomodes,.kilocodemodes,.goosehints,.rules,.augment-guidelines}",
        ".{gemini,codeium,roo,cline,augment,kilocode,goose,cursorindexing,ai}ignore",
        ".aiexclude",
        ".clinerules/**",
        ".aider*",
      ),
      ".github/{copilot-instructions.md,mcp.json,lsp.json}",
      ".github/{instructions,prompts,agents,chatmodes,copilot,skills,hooks}/**",
    ],
  },
];

/** The name by which `[policy] unprotected` allows lock files to change without their manifest. */
export const LOCK_FILES = "lock-files";

const LOCK_FILE_MANIFESTS: readonly (readonly [lockFiles: string, manifests: string])[] = [
  ["{package-lock.json,npm-shrinkwrap.json,yarn.lock,bun.lock,bun.lockb}", "package.json"],
  ["pnpm-lock.yaml", "{package.json,pnpm-workspace.yaml}"],
  ["deno.lock", "{deno.json,deno.jsonc,package.json}"],
  ["Cargo.lock", "Cargo.toml"],
  ["go.sum", "go.mod"],
  ["go.work.sum", "{go.work,go.mod}"],
  ["{poetry.lock,uv.lock,pdm.lock,pylock.toml}", "pyproject.toml"],
  ["Pipfile.lock", "Pipfile"],
  ["{Gemfile.lock,gems.locked}", "{Gemfile,gems.rb,*.gemspec}"],
  ["composer.lock", "composer.json"],
  ["mix.lock", "mix.exs"],
  ["pubspec.lock", "pubspec.yaml"],
  ["flake.lock", "flake.nix"],
  ["Podfile.lock", "Podfile"],
  ["Package.resolved", "Package.swift"],
  ["packages.lock.json", "{*.csproj,*.fsproj,*.vbproj,Directory.*.props}"],
  ["{gradle,buildscript-gradle}.lockfile", "{*.gradle,*.gradle.kts,libs.versions.toml}"],
  [".terraform.lock.hcl", "*.tf"],
];

/** Lock files among the changed paths without a changed manifest in their folder or below: whoever wrote them chose what is installed. */
export const findLoneLockFile = (paths: readonly string[]): string | null => {
  const rules = LOCK_FILE_MANIFESTS.map(([locks, manifests]) => ({ isLock: compileFoldedGlob(`**/${locks}`), manifests }));
  for (const path of paths) {
    const parts = toFoldedParts(path);
    const rule = rules.find(({ isLock }) => isLock(parts));
    if (!rule) continue;
    const folder = path.slice(0, path.lastIndexOf("/") + 1);
    const isManifest = compileGlob(`**/${rule.manifests}`);
    if (!paths.some((each) => each !== path && each.startsWith(folder) && isManifest(each))) return path;
  }
  return null;
};

export type PolicySection = { readonly protected: readonly string[]; readonly unprotected: readonly string[] };

/** Every glob that no step may change, apart from {@link ALWAYS_PROTECTED}. */
export const listProtectedGlobs = ({ protected: own, unprotected }: PolicySection): string[] => {
  const isKept = (name: string): boolean => !unprotected.includes(name);
  const kept = PROTECTED_GROUPS.filter(({ name }) => isKept(name)).flatMap(({ globs }) => globs);
  return [...new Set([...kept, ...own])].filter((glob) => isKept(glob));
};

/** The names that `[policy] unprotected` may contain. */
export const listUnprotectable = (own: readonly string[]): string[] => [
  ...PROTECTED_GROUPS.map(({ name }) => name),
  LOCK_FILES,
  ...PROTECTED_GROUPS.flatMap(({ globs }) => globs),
  ...own,
];

/** Tells which glob protects a path, whatever its spelling; also a path that would take the place of a protected folder. */
export const createProtection = (globs: readonly string[]): ((path: string) => string | null) => {
  const all = [...ALWAYS_PROTECTED, ...globs];
  const compiled = all.flatMap((glob) => [glob, ...listLiteralFolders(glob)].map((each) => ({ glob, matches: compileFoldedGlob(each) })));
  return (path) => {
    const parts = toFoldedParts(path);
    return compiled.find(({ matches }) => matches(parts))?.glob ?? null;
  };
};

/** The folders above what a glob protects, as far as the glob spells them: `.github` for `.github/workflows/**`. */
const listLiteralFolders = (glob: string): string[] => {
  const parts = glob.split("/");
  const wild = parts.findIndex((part) => /[*?{}]/.test(part));
  return parts.slice(0, wild === -1 ? -1 : wild).map((_, at, literal) => literal.slice(0, at + 1).join("/"));
};

export const isProtectedPath = (path: string, globs: readonly string[]): boolean => createProtection(globs)(path) !== null;

/** Describes the setting that lets steps change files of a glob; null if there is none. */
export const explainUnprotecting = (glob: string): string | null => {
  if (ALWAYS_PROTECTED.includes(glob) || ORGANISATION_PROTECTED.includes(glob)) return null;
  const group = PROTECTED_GROUPS.find(({ globs }) => globs.includes(glob));
  return group === undefined
    ? `To allow it, remove \`${glob}\` from \`[policy] protected\`.`
    : `To allow it, set \`unprotected = ["${group.name}"]\` in \`[policy]\` of \`.enki/enki.toml\`.`;
};
