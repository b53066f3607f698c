import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CommandError, UsageError } from "../../src/cli/command-options.ts";
import type { TerminalHost } from "../../src/cli/terminal-host.ts";
import { runLedgerCommand } from "../../src/cli/ledger-command.ts";
import { runVerifyCommand } from "../../src/cli/verify-command.ts";
import { PROOFS_REF, toBranchRef, toProofPath } from "../../src/core/domain/refs.ts";
import { createStatement, type LandingStatement } from "../../src/core/proof/landing-statement.ts";
import { formatPublicKey } from "../../src/storage/git/ssh-key.ts";
import { after } from "../support/after.ts";
import { genuineStatement, OWN_KEY, sealStatement, testKey } from "../support/proof.ts";
import { repository } from "../support/repository.ts";

const ADDRESS = "https://github.com/acme/app";
const EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
const PUBLIC_KEY = formatPublicKey(OWN_KEY);

let repo: Awaited<ReturnType<typeof repository>>;
let landed: string;
beforeAll(async () => {
  repo = await repository();
  const onto = await repo.commit("main", { "a.txt": "1", ".enki/proofs.pub": `${PUBLIC_KEY}\n` });
  landed = await repo.commit("main", { "a.txt": "2" });
  await writeProof(landed, sealStatement(stateOf(onto, landed)));
});
afterAll(() => repo.close());

const treeOf = (commit: string): string => repo.git("rev-parse", `${commit}^{tree}`);

const stateOf = (onto: string, commit: string): LandingStatement => {
  const { predicate } = genuineStatement();
  return createStatement(
    { commit, tree: treeOf(commit) },
    {
      ...predicate,
      base: { branch: "main", commit: onto, tree: treeOf(onto) },
      landing: { ...predicate.landing, commits: [commit], tip: commit },
      candidate: { commit, tree: treeOf(commit) },
    },
  );
};

const writeProof = async (commit: string, envelope: Buffer): Promise<void> => {
  const clone = await repo.clone();
  await clone.fetch();
  const tip = (await clone.refs())[PROOFS_REF] ?? null;
  const tree = await clone.writeFiles(tip, new Map([[toProofPath(commit), { content: envelope, mode: "100644" }]]));
  const newSha = await clone.writeCommit({ tree, parents: tip === null ? [] : [tip], message: "a proof", at: 0 });
  expect((await clone.push([{ ref: PROOFS_REF, oldSha: tip, newSha }])).kind).toBe("pushed");
};

let clones = 0;
/** Opens a plain clone, with `origin` as if it were on GitHub. */
const openClone = (fetches = true, createEnv: (cwd: string) => Record<string, string> = () => ({})) => {
  const cwd = join(repo.root, `plain-${(clones += 1)}`);
  execFileSync("git", ["clone", "-q", repo.url, cwd]);
  const git = (...args: string[]): string => execFileSync("git", args, { cwd, encoding: "utf8" }).trim();
  if (fetches) git("fetch", "-q", "origin", "refs/enki/*:refs/enki/*");
  const heard = { out: "", err: "" };
  const host = {
    cwd,
    after,
    env: createEnv(cwd),
    out: (text: string) => void (heard.out += text),
    err: (text: string) => void (heard.err += text),
  };
  const verify = async (...args: string[]): Promise<{ code: number; out: string; err: string }> => {
    Object.assign(heard, { out: "", err: "" });
    return { code: await runVerifyCommand(args, host as unknown as TerminalHost), ...heard };
  };
  return { cwd, git, verify };
};

test("a clone without proofs is told the command that fetches them", async () => {
  const failure = await openClone(false)
    .verify("HEAD")
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(CommandError);
  // The terminal prints the message.
  expect(failure).toMatchObject({
    message: `This clone has no \`${PROOFS_REF}\`. To fetch it: git fetch origin 'refs/enki/*:refs/enki/*'`,
  });
});

test("a repository without proofs and without a remote is told that there are none", async () => {
  const { git, verify } = openClone(false);
  git("remote", "remove", "origin");
  const why = "this repository has no statements, and no remote origin to fetch them from; enki run writes none";
  await expect(verify("HEAD")).rejects.toThrow(why);
});

test("a landed commit is verified with the key of the default branch", async () => {
  const { verify } = openClone();
  const { code, out, err } = await verify("--repository", ADDRESS, "origin/main");
  expect({ code, err }).toEqual({ code: 0, err: "1 verified, 0 refused, 0 not landed by Enki\n" });
  expect(out).toMatch(/^verified {2}[0-9a-f]{12} abcdef-fix for #7, plan a{12} approved by mona; green in run 77; signed by SHA256:\S+\n$/);
});

test("a commit that landed on another branch is refused on the one that a person names", async () => {
  const { git, verify } = openClone();
  git("update-ref", "refs/remotes/origin/release", "refs/remotes/origin/main");
  // Work that landed on main may be in a release branch.
  expect((await verify("--repository", ADDRESS, "origin/release")).code).toBe(0);
  git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/release");
  for (const args of [["origin/release"], ["HEAD~1..origin/HEAD"], ["--branch", "release", "HEAD"]]) {
    const { code, out } = await verify("--repository", ADDRESS, ...args);
    expect({ args, code, isRefused: out.includes("proof-branch") }).toEqual({ args, code: 1, isRefused: true });
  }
  expect((await verify("--repository", ADDRESS, "--branch", "main", "origin/release")).code).toBe(0);
});

test("a branch under test brings no keys of its own, if the default branch is known", async () => {
  const { git, verify } = openClone();
  const author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
  const empty = git(...author, "commit-tree", "-m", "Without keys", EMPTY_TREE);
  git("update-ref", "refs/remotes/origin/main", empty);
  git("remote", "set-head", "origin", "main");
  const { code, out } = await verify("--repository", ADDRESS, "main");
  expect({ code, isUnchecked: out.includes("proof-no-key") }).toEqual({ code: 1, isUnchecked: true });
});

test("the commands of docs/proofs.md work as they are printed", async () => {
  const { cwd, git, verify } = openClone(false);
  writeFileSync(join(cwd, "proofs.pub"), PUBLIC_KEY);
  const text = readFileSync(new URL("../../docs/proofs.md", import.meta.url), "utf8");
  const lines = [...text.matchAll(/^```sh\n([^]*?)^```$/gm)].flatMap(([, body = ""]) => body.trim().split("\n"));
  expect(lines.length).toBeGreaterThan(3);
  const ends: Record<string, number> = {};
  for (const line of lines) {
    const [program, ...args] = line.replaceAll("'", "").split(" ");
    if (program === "git") git(...args);
    else ends[line] = (await verify(...args.slice(1))).code;
  }
  expect(ends).toEqual({ "enki verify origin/main": 0, "enki verify HEAD~1..HEAD": 0, "enki verify --key proofs.pub HEAD": 0 });
});

test("a range reports what Enki did not land, and fails", async () => {
  const own = await repo.clone();
  await own.fetch();
  await own.push([{ ref: toBranchRef("side"), oldSha: null, newSha: landed }]);
  const person = await repo.commit("side", { "b.txt": "mine" });
  const { verify } = openClone();
  const { code, out, err } = await verify("--repository", ADDRESS, `${landed}~1..origin/side`);
  expect(code).toBe(1);
  expect(out.split("\n").slice(1)).toEqual([`missing   ${person.slice(0, 12)} not landed by Enki`, ""]);
  expect(err).toBe("1 verified, 0 refused, 1 not landed by Enki\n");
});

test("a forgery is refused with its code, also as JSON", async () => {
  const { verify } = openClone();
  const foreign = await verify("--key", formatPublicKey(testKey(5)), "--repository", ADDRESS, "HEAD");
  expect(foreign).toMatchObject({ code: 1, out: expect.stringMatching(/^refused {3}[0-9a-f]{12} proof-key: /) as unknown });
  const other = await verify("--json", "--repository", "https://github.com/acme/fork", "HEAD");
  expect(JSON.parse(other.out)).toMatchObject({ commits: [{ kind: "refused", commit: landed, refusal: { code: "proof-repository" } }] });
});

/** Ways to make git show other content under the id of a commit, as in a mirror clone. */
const REPLACED: Readonly<Record<string, (git: (...args: string[]) => string, cwd: string) => void>> = {
  "the published keys": (git, cwd) => {
    writeFileSync(join(cwd, "mine.pub"), `${formatPublicKey(testKey(5))}\n`);
    git("replace", git("rev-parse", "HEAD:.enki/proofs.pub"), git("hash-object", "-w", "mine.pub"));
  },
  "the landed commit": (git) => git("replace", "HEAD", git("rev-parse", "HEAD~1")),
  "the landed tree": (git) => git("replace", git("rev-parse", "HEAD^{tree}"), EMPTY_TREE),
  "the base": (git) => git("replace", "HEAD~1", git(...AUTHOR, "commit-tree", "-m", "Other", EMPTY_TREE)),
  "the proofs": (git) => git("replace", git("rev-parse", `${PROOFS_REF}^{tree}`), EMPTY_TREE),
  "the parents, by a graft": (git, cwd) => {
    writeFileSync(join(cwd, ".git/info/grafts"), `${git("rev-parse", "HEAD")}\n`);
  },
};
const AUTHOR = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];

test.each(Object.entries(REPLACED))("replacing %s in a clone changes nothing of what is verified", async (_, replace) => {
  const { cwd, git, verify } = openClone();
  git("hash-object", "-w", "-t", "tree", "/dev/null");
  const before = [await verify("--repository", ADDRESS, "HEAD"), await verify("--repository", ADDRESS, "HEAD~1..HEAD")];
  replace(git, cwd);
  expect([await verify("--repository", ADDRESS, "HEAD"), await verify("--repository", ADDRESS, "HEAD~1..HEAD")]).toEqual(before);
  expect(before[0]?.code).toBe(0);
});

/** Puts an `ssh` with aliases on the search path. */
const createSsh = (directory: string, answer: string): string => {
  const bin = join(directory, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "ssh"), `#!/bin/sh\n[ "$1 $2" = "-G --" ] || exit 1\n${answer}\n`, { mode: 0o755 });
  return bin;
};

test.each([
  ["an alias", "git@github.com-work:acme/app.git", 'echo "user git"; echo "hostname github.com"', 0],
  ["an alias without a point", "work:acme/app", 'echo "hostname github.com"', 0],
  ["an alias of ssh on the port of HTTPS", "ssh://git@work/acme/app.git", 'echo "hostname ssh.github.com"', 0],
  ["the port of HTTPS itself", "ssh://git@ssh.github.com:443/acme/app.git", 'echo "hostname ssh.github.com"', 0],
  ["GitHub itself", "git@github.com:acme/app.git", "exit 1", 0],
  ["an alias of another host", "work:acme/app", 'echo "hostname ghes.example.com"', 1],
  ["an alias of another repository", "work:acme/fork", 'echo "hostname github.com"', 1],
  ["a name of no alias", "git@gitlab.example.com:acme/app.git", 'echo "hostname $3"', 1],
  ["an option in the place of a host", "ssh://-oProxyCommand=touch/acme/app", 'echo "hostname github.com"', 1],
  ["an alias while ssh fails", "work:acme/app", "exit 1", 1],
  ["a web address, which has no alias", "https://work/acme/app.git", 'echo "hostname github.com"', 1],
] as const)("a remote by %s names the repository that ssh reaches", async (_, url, answer, expected) => {
  const { cwd, git, verify } = openClone(true, (directory) => ({ PATH: `${createSsh(directory, answer)}:${process.env["PATH"] ?? ""}` }));
  git("config", "remote.origin.url", url);
  const { code, out } = await verify("HEAD");
  expect({ code, isForeign: out.includes("proof-repository"), cwd }).toEqual({ code: expected, isForeign: expected === 1, cwd });
});

test("a replayed or oversized envelope of another commit is refused", async () => {
  const [replayed, oversized] = [await repo.commit("other", { "c.txt": "1" }), await repo.commit("other", { "c.txt": "2" })];
  await writeProof(replayed, sealStatement(stateOf(repo.git("rev-parse", `${landed}~1`), landed)));
  await writeProof(oversized, Buffer.alloc(1_000_001, "{"));
  const { verify } = openClone();
  expect((await verify("--repository", ADDRESS, replayed)).out).toContain("proof-commit");
  expect((await verify("--repository", ADDRESS, oversized)).out).toContain("proof-broken");
});

test("a word that is no commit, no key, or a range of both sides is refused", async () => {
  const { verify } = openClone();
  await expect(verify("nowhere")).rejects.toThrow("there is no commit nowhere");
  await expect(verify("--key", "no key", "HEAD")).rejects.toThrow("--key does not contain public keys");
  await expect(verify("HEAD..HEAD")).rejects.toThrow("contains no commit");
  await expect(verify("a...b")).rejects.toThrow(UsageError);
  await expect(verify()).rejects.toThrow(UsageError);
});

test("`enki ledger key` prints the public half of the key in the environment", async () => {
  let out = "";
  const pem = OWN_KEY.secret?.export({ format: "pem", type: "pkcs8" }).toString() ?? "";
  const host = { env: { ENKI_LEDGER_KEY: pem }, out: (text: string) => void (out += text) };
  expect(await runLedgerCommand(["key"], host as unknown as TerminalHost)).toBe(0);
  expect(out).toBe(`${PUBLIC_KEY}\n`);
});
