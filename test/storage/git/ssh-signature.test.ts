import { execFileSync, spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSshSignature, isSignedBy, readSignatureKey } from "../../../src/storage/git/ssh-signature.ts";
import { createSshKey, formatPublicKey, readSshKeys, type SshKey } from "../../../src/storage/git/ssh-key.ts";
import { openSignedCommit } from "../../../src/storage/git/signed-commit.ts";
import { repository } from "../../support/repository.ts";

const hasSshKeygen = spawnSync("ssh-keygen", ["-?"]).error === undefined;
const key = createSshKey(Buffer.alloc(32, 7));
const directory = mkdtempSync(join(tmpdir(), "enki-ssh-"));
const signers = join(directory, "signers");
afterAll(() => rmSync(directory, { recursive: true, force: true }));
writeFileSync(signers, `enki@example.invalid ${formatPublicKey(key)}\n`);

const only = (keys: readonly SshKey[] | null): SshKey => {
  const [first, ...more] = keys ?? [];
  if (!first || more.length > 0) throw new Error("not exactly one key");
  return first;
};

test("a signature holds for its message and its key, and for nothing else", () => {
  const message = Buffer.from("a commit");
  const signature = createSshSignature(key, message);
  const other = createSshKey(Buffer.alloc(32, 8));
  expect(isSignedBy([key], message, signature)).toBe(true);
  expect(isSignedBy([other, key], message, signature)).toBe(true);
  expect(isSignedBy([other], message, signature)).toBe(false);
  expect(isSignedBy([], message, signature)).toBe(false);
  expect(isSignedBy([key], Buffer.from("another commit"), signature)).toBe(false);
});

test("a signature names its key; other texts name none", () => {
  expect(readSignatureKey(createSshSignature(key, Buffer.from("a commit")))).toBe(formatPublicKey(key));
  expect(readSignatureKey("no signature")).toBeNull();
});

describe.skipIf(!hasSshKeygen)("OpenSSH", () => {
  const keygen = (...args: string[]): string => execFileSync("ssh-keygen", args, { encoding: "utf8", stdio: "pipe" });

  test("accepts our signature", () => {
    const message = Buffer.from("a text\nof two lines\n");
    const file = join(directory, "message.sig");
    writeFileSync(file, `${createSshSignature(key, message)}\n`);
    const args = ["-Y", "verify", "-f", signers, "-I", "enki@example.invalid", "-n", "git", "-s", file];
    const accepted = spawnSync("ssh-keygen", args, { input: message, encoding: "utf8" });
    expect(accepted.stdout).toContain("Good");
    expect(spawnSync("ssh-keygen", args, { input: "another text" }).status).not.toBe(0);
  });

  test("makes keys that we read, and signatures that we accept", () => {
    const file = join(directory, "key");
    keygen("-q", "-t", "ed25519", "-N", "", "-C", "a comment", "-f", file);
    const own = only(readSshKeys(readFileSync(file, "utf8")));
    expect(readFileSync(`${file}.pub`, "utf8")).toBe(`${formatPublicKey(own)} a comment\n`);
    const text = join(directory, "text");
    writeFileSync(text, "a text");
    keygen("-Y", "sign", "-f", file, "-n", "git", text);
    const signature = readFileSync(`${text}.sig`, "utf8").trim();
    expect(isSignedBy([own], Buffer.from("a text"), signature)).toBe(true);
    // Ed25519 is deterministic, so both signatures are equal.
    expect(createSshSignature(own, Buffer.from("a text"))).toBe(signature);
    keygen("-Y", "sign", "-f", file, "-n", "file", join(directory, "key.pub"));
    const other = readFileSync(join(directory, "key.pub.sig"), "utf8").trim();
    expect(isSignedBy([own], readFileSync(join(directory, "key.pub")), other)).toBe(false);
  });

  test("keys with a passphrase and keys of other types are refused", () => {
    const locked = join(directory, "locked");
    keygen("-q", "-t", "ed25519", "-N", "a passphrase", "-f", locked);
    const ecdsa = join(directory, "ecdsa");
    keygen("-q", "-t", "ecdsa", "-N", "", "-f", ecdsa);
    for (const file of [locked, ecdsa]) expect(readSshKeys(readFileSync(file, "utf8"))).toBeNull();
  });
});

test.skipIf(!hasSshKeygen)("git verifies a commit that we signed, and we open it", async () => {
  const repo = await repository();
  try {
    const clone = await repo.clone();
    const tree = await clone.writeFiles(null, new Map([["a", { content: "1", mode: "100644" }]]));
    const sign = (payload: Buffer): string => createSshSignature(key, payload);
    for (const message of ["one line", "äöü 漢字 😀\n\nBody\n\n\nEnd\n", "gpgsig looks like a header\n\ntree 1"]) {
      const commit = await clone.writeCommit({ tree, parents: [], message, at: 1_700_000_000_000, sign });
      const config = ["-c", "gpg.format=ssh", "-c", `gpg.ssh.allowedSignersFile=${signers}`];
      const checked = spawnSync("git", [...config, "verify-commit", commit], { cwd: clone.directory, encoding: "utf8" });
      expect(checked.stderr).toContain('Good "git" signature for enki@example.invalid');
      const object = (await clone.commitObjects([commit])).get(commit) ?? Buffer.alloc(0);
      const opened = openSignedCommit(object);
      expect(opened && isSignedBy([key], opened.payload, opened.signature)).toBe(true);
      // The unsigned commit differs only in its signature.
      const plain = await clone.writeCommit({ tree, parents: [], message, at: 1_700_000_000_000 });
      expect((await clone.commitObjects([plain])).get(plain)?.toString("utf8")).toBe(opened?.payload.toString("utf8"));
      execFileSync("git", ["fsck", "--strict", "--no-dangling"], { cwd: clone.directory, stdio: "pipe" });
    }
  } finally {
    repo.close();
  }
});

describe("keys", () => {
  let pem = "";
  beforeAll(() => {
    pem = generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  });

  test("are read as PKCS8 and as public lines, in their order, also with escaped line breaks", () => {
    const [one, other] = readSshKeys(`${formatPublicKey(key)} a comment\n${pem}`) ?? [];
    expect([one?.secret, other?.secret !== undefined]).toEqual([undefined, true]);
    expect(only(readSshKeys(pem.replaceAll("\n", String.raw`\n`))).point).toEqual(only(readSshKeys(pem)).point);
  });

  test.each([
    ["other text", "hello"],
    ["other text after a key", "key\nx"],
    ["half a key", "-----BEGIN PRIVATE KEY-----\nMC4C\n"],
    ["an RSA public key", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ== x"],
    ["a public key of a wrong length", `ssh-ed25519 ${Buffer.from("\0\0\0\x0bssh-ed25519\0\0\0\x01x", "latin1").toString("base64")}`],
  ])("are refused: %s", (_, text) => {
    expect(readSshKeys(text.replace("key\n", `${formatPublicKey(key)}\n`))).toBeNull();
  });
});
