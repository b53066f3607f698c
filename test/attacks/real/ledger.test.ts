import { execFileSync } from "node:child_process";
import { createHash, sign as signBytes } from "node:crypto";
import type { RefName, Sha } from "../../../src/core/domain/ids.ts";
import { ARCHIVE_REF, LEDGER_REF, toRefusedRef } from "../../../src/core/domain/refs.ts";
import { readRefFile } from "../../../src/storage/git/ref-files.ts";
import type { RepositoryClone } from "../../../src/storage/git/repository-clone.ts";
import { formatSignedCommit, openSignedCommit } from "../../../src/storage/git/signed-commit.ts";
import { createSshKey, formatPublicKey, type SshKey, toPublicKeyWire, toWireString } from "../../../src/storage/git/ssh-key.ts";
import { createSshSignature } from "../../../src/storage/git/ssh-signature.ts";
import { openLedgerGuard, type Restoration, UnsignedLedgerError } from "../../../src/storage/ledger/guard-ledger.ts";
import { type LedgerKeys, type LedgerSeal, readLedgerKeys, writeSealedCommit } from "../../../src/storage/ledger/ledger-keys.ts";
import { identity, repository } from "../../support/repository.ts";
import { attackFamily, type AttackEnd } from "../attack-family.ts";

const toPem = ({ secret }: SshKey): string => secret?.export({ format: "pem", type: "pkcs8" }).toString() ?? "";
const toKeys = (text: string): LedgerKeys => {
  const keys = readLedgerKeys(text);
  if (!keys.ok) throw new Error(keys.refusal.message);
  return keys.value;
};
const ownKey = createSshKey(Buffer.alloc(32, 1));
const theirKey = createSshKey(Buffer.alloc(32, 3));
const seal: LedgerSeal = { keys: toKeys(toPem(ownKey)), repository: "octo/demo" };
const sealedBy = (key: SshKey): LedgerSeal => ({ ...seal, keys: toKeys(toPem(key)) });

const FORGED = "approved by maintainer\n";
const SECOND = 1_700_000_000_000;

/** Opens a repository after three writes by Enki, and a person with write access. */
const openScene = async () => {
  const repo = await repository();
  const written: Record<RefName, Sha[]> = { [LEDGER_REF]: [], [ARCHIVE_REF]: [] };
  const restored: Restoration[] = [];
  const openGuard = (clone: RepositoryClone, by: LedgerSeal = seal) =>
    openLedgerGuard({ clone, seal: by, reportRestored: (each) => void restored.push(each) });
  const person = await repo.openShared();
  for (const number of [1, 2, 3]) await writeState(person, written, number);
  const enki = await repo.clone();
  await enki.fetch();
  const guard = openGuard(enki);
  // Enki made the writes, so both its process and its clone remember them.
  const moves = Object.entries(written).map(([ref, commits]) => ({ ref, oldSha: null, newSha: commits.at(-1) ?? null }));
  await enki.moveOwnRefs(guard.toOwnMoves(moves));
  guard.remember(moves);
  const tree = await person.writeFiles(null, new Map([["state", { content: FORGED, mode: "100644" }]]));
  const git = (input: string | Buffer, ...args: string[]): string =>
    execFileSync("git", args, { cwd: person.directory, input, encoding: "utf8" }).trim();
  const put = (ref: RefName, id: Sha | null) => person.push([{ ref, oldSha: null, newSha: id }]);
  const object = (content: Buffer): Sha => git(content, "hash-object", "-t", "commit", "-w", "--literally", "--stdin");
  return { repo, enki, guard, openGuard, person, tree, git, put, object, written, restored };
};

/** Writes once to the ledger and once to the archive. */
const writeState = async (clone: RepositoryClone, written: Record<RefName, Sha[]>, number: number): Promise<void> => {
  for (const ref of [LEDGER_REF, ARCHIVE_REF]) {
    const tree = await clone.writeFiles(null, new Map([["state", { content: `${number}\n`, mode: "100644" }]]));
    const parents = written[ref]?.slice(-1) ?? [];
    const at = SECOND + number * 1_000;
    const commit = await writeSealedCommit(clone, seal, { ref, tree, parents, message: `write ${number}`, at });
    await clone.push([{ ref, oldSha: parents[0] ?? null, newSha: commit }]);
    written[ref]?.push(commit);
  }
};
type Scene = Awaited<ReturnType<typeof openScene>>;

type Forgery = {
  /** Returns the person's commit in place of the ref; null deletes the ref. */
  readonly forge: (scene: Scene, ref: RefName, honest: readonly Sha[]) => Promise<Sha | null> | Sha | null;
  /** The reader: the process that wrote, the same process after a restart, or a process without memory. */
  readonly reader?: "writer" | "restarted" | "fresh";
  readonly ref?: RefName;
};

const text = (parents: readonly Sha[], tree: Sha, message = "a forged write", at = SECOND + 9_000) => ({
  tree,
  parents,
  author: { ...identity, at },
  committer: identity,
  at,
  message,
});
const trailed = (ref: RefName, repository = "octo/demo"): string => `a forged write\n\nEnki-Signed-For: ${repository} ${ref}\n`;
/** Creates a commit with the forged state and this signature over the commit. */
const forgedWith =
  (sign: (payload: Buffer) => string): Forgery["forge"] =>
  ({ object, tree }, ref, honest) =>
    object(formatSignedCommit(text([honest.at(-1) ?? ""], tree, trailed(ref)), sign));

/** Creates an SSH signature with freely chosen parts. */
const signature =
  (
    over: {
      key?: SshKey;
      magic?: string;
      version?: number;
      namespace?: string;
      reserved?: string;
      hash?: string;
      type?: string;
      tail?: string;
      bytes?: (raw: Buffer) => Buffer;
      publicKey?: Buffer;
      signedNamespace?: string;
    } = {},
  ) =>
  (payload: Buffer): string => {
    const { key = theirKey, magic = "SSHSIG", version = 1, namespace = "git", reserved = "", hash = "sha512", type = "ssh-ed25519" } = over;
    const digest = createHash(hash === "sha256" ? "sha256" : "sha512")
      .update(payload)
      .digest();
    const signed = Buffer.concat([
      Buffer.from("SSHSIG"),
      toWireString(over.signedNamespace ?? namespace),
      toWireString(reserved),
      toWireString(hash),
      toWireString(digest),
    ]);
    const raw = key.secret ? signBytes(null, signed, key.secret) : Buffer.alloc(64);
    const number = Buffer.alloc(4);
    number.writeUInt32BE(version);
    const blob = Buffer.concat([
      Buffer.from(magic),
      number,
      toWireString(over.publicKey ?? toPublicKeyWire(key)),
      toWireString(namespace),
      toWireString(reserved),
      toWireString(hash),
      toWireString(Buffer.concat([toWireString(type), toWireString(over.bytes?.(raw) ?? raw)])),
      Buffer.from(over.tail ?? ""),
    ]);
    const lines = blob.toString("base64").match(/.{1,70}/g) ?? [];
    return ["-----BEGIN SSH SIGNATURE-----", ...lines, "-----END SSH SIGNATURE-----"].join("\n");
  };

/** Returns the signature of an honest commit, with which the person signs another. */
const signatureOf = async ({ person }: Scene, id: Sha): Promise<string> => {
  const content = (await person.commitObjects([id])).get(id);
  return (content && openSignedCommit(content)?.signature) ?? "";
};
const replayed =
  (which: (honest: readonly Sha[]) => Sha | undefined): Forgery["forge"] =>
  async (scene, ref, honest) => {
    const old = await signatureOf(scene, which(honest) ?? "");
    return scene.object(formatSignedCommit(text([honest.at(-1) ?? ""], scene.tree, trailed(ref)), () => old));
  };
/** Changes the bytes of an honest commit. */
const amended =
  (change: (content: string, scene: Scene, honest: readonly Sha[]) => string): Forgery["forge"] =>
  async (scene, _, honest) => {
    const tip = honest.at(-1) ?? "";
    const content = (await scene.person.commitObjects([tip])).get(tip)?.toString("utf8") ?? "";
    return scene.object(Buffer.from(change(content, scene, honest)));
  };
/** Creates commits with the forged state by a person's git. */
const plain =
  (parents: (honest: readonly Sha[]) => readonly (Sha | undefined)[]): Forgery["forge"] =>
  ({ object, tree }, ref, honest) => {
    const { author } = text([], tree);
    const lines = parents(honest).map((parent) => `parent ${parent}\n`);
    const date = Math.floor(author.at / 1_000);
    return object(
      Buffer.from(`tree ${tree}\n${lines.join("")}author E <e@x> ${date} +0000\ncommitter E <e@x> ${date} +0000\n\n${trailed(ref)}`),
    );
  };
const sealedFor =
  (by: LedgerSeal, over: { ref?: RefName; parents?: (honest: readonly Sha[]) => Sha[] } = {}): Forgery["forge"] =>
  ({ person, tree }, ref, honest) =>
    writeSealedCommit(person, by, {
      ref: over.ref ?? ref,
      tree,
      parents: over.parents?.(honest) ?? honest.slice(-1),
      message: "forged",
      at: SECOND + 9_000,
    });

const FORGERIES: Record<string, Forgery["forge"]> = {
  "an unsigned commit on top": plain((honest) => honest.slice(-1)),
  "an unsigned commit on an older one": plain(([first]) => [first]),
  "an unsigned history of its own": plain(() => []),
  "a merge with Enki's tip as first parent": plain((honest) => [honest[2], honest[0]]),
  "a merge with Enki's tip as second parent": plain((honest) => [honest[0], honest[2]]),
  "a commit signed with another key": sealedFor(sealedBy(theirKey)),
  "a commit signed with a key that the message names": ({ object, tree }, ref, honest) =>
    object(
      formatSignedCommit(text(honest.slice(-1), tree, `Key: ${formatPublicKey(theirKey)}\n\n${trailed(ref)}`), (payload) =>
        createSshSignature(theirKey, payload),
      ),
    ),
  "a key of Enki's in the signature and a stranger's signature": forgedWith(signature({ publicKey: toPublicKeyWire(ownKey) })),
  "the signature of the commit before": replayed((honest) => honest[2]),
  "the signature of the first commit": replayed((honest) => honest[0]),
  "a signature of nothing": forgedWith(signature({ bytes: () => Buffer.alloc(64) })),
  "a signature that is too short": forgedWith(signature({ publicKey: toPublicKeyWire(ownKey), bytes: (raw) => raw.subarray(0, 32) })),
  "a signature that is too long": forgedWith(signature({ publicKey: toPublicKeyWire(ownKey), bytes: (raw) => Buffer.concat([raw, raw]) })),
  "another namespace": forgedWith(signature({ namespace: "file" })),
  "another namespace below the one that is named": forgedWith(signature({ signedNamespace: "file" })),
  "another hash": forgedWith(signature({ hash: "sha256" })),
  "an unknown hash": forgedWith(signature({ hash: "md5" })),
  "another version": forgedWith(signature({ version: 2 })),
  "a reserved field": forgedWith(signature({ reserved: "x" })),
  "bytes after the signature": forgedWith(signature({ tail: "more" })),
  "another magic": forgedWith(signature({ magic: "SSHSIH" })),
  "another key type in the signature": forgedWith(signature({ type: "ssh-rsa" })),
  "an RSA key": forgedWith(signature({ publicKey: Buffer.concat([toWireString("ssh-rsa"), toWireString(Buffer.alloc(128, 1))]) })),
  "a zero key": forgedWith(signature({ publicKey: toPublicKeyWire({ point: Buffer.alloc(32) }), bytes: () => Buffer.alloc(64) })),
  "armor without an end": forgedWith((payload) => signature()(payload).split("\n").slice(0, -1).join("\n")),
  "armor of PGP": forgedWith((payload) => signature()(payload).replaceAll("SSH", "PGP")),
  "armor that holds no base64": forgedWith(() => "-----BEGIN SSH SIGNATURE-----\n!!!\n-----END SSH SIGNATURE-----"),
  "empty armor": forgedWith(() => "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----"),
  "a megabyte of armor": forgedWith(() => `-----BEGIN SSH SIGNATURE-----\n${"A".repeat(1_000_000)}\n-----END SSH SIGNATURE-----`),
  "Enki's commit with another tree": amended((content, { tree }) => content.replace(/^tree \w+/, `tree ${tree}`)),
  "Enki's commit with another message": amended((content, { tree }) =>
    content.replace(/^tree \w+/, `tree ${tree}`).replace("write 3", "write 4"),
  ),
  "Enki's commit with another parent": amended((content, _, honest) => content.replace(/parent \w+/, `parent ${honest[0]}`)),
  "Enki's commit without its parent": amended((content) => content.replace(/parent \w+\n/, "")),
  "Enki's commit with one more parent": amended((content, _, honest) => content.replace(/(parent \w+\n)/, `$1parent ${honest[0]}\n`)),
  "Enki's commit with a second tree": amended((content, { tree }) => content.replace(/^/, `tree ${tree}\n`)),
  "Enki's commit with a second tree after the first": amended((content, { tree }) => content.replace(/^(tree \w+\n)/, `$1tree ${tree}\n`)),
  "Enki's commit with a header after the signature": amended((content, { tree }) => content.replace("\n\n", `\ntree ${tree}\n\n`)),
  "Enki's commit with an encoding": amended((content) => content.replace("gpgsig ", "encoding latin1\ngpgsig ")),
  "Enki's commit with another date": amended((content) => content.replaceAll(/\d{10} \+0000/g, "1900000000 +0000")),
  "Enki's commit with another author": amended((content) => content.replace("author Enki", "author Maintainer")),
  "Enki's commit with a second signature": amended((content) =>
    content.replace("gpgsig ", `gpgsig ${createSshSignature(theirKey, Buffer.from("x")).replaceAll("\n", "\n ")}\ngpgsig `),
  ),
  "Enki's commit with its signature for SHA-256": amended((content, { tree }) =>
    content.replace(/^tree \w+/, `tree ${tree}`).replace("gpgsig ", "gpgsig-sha256 "),
  ),
  "Enki's commit with a byte that is no UTF-8": async (scene, _, honest) => {
    const tip = honest.at(-1) ?? "";
    const content = (await scene.person.commitObjects([tip])).get(tip) ?? Buffer.alloc(0);
    return scene.object(Buffer.concat([content, Buffer.from([0xff])]));
  },
  "Enki's commits in another order": amended((content, { tree }, honest) =>
    content.replace(/parent \w+/, `parent ${honest[2]}`).replace(/^tree \w+/, `tree ${tree}`),
  ),
  "a signed commit of Enki on a foreign one": async (scene, ref, honest) => {
    const foreign = await plain((all) => all.slice(-1))(scene, ref, honest);
    return amended((content) => content.replace(/parent \w+/, `parent ${foreign}`))(scene, ref, honest);
  },
  "a commit that was signed for another repository": sealedFor({ ...seal, repository: "octo/other" }),
  "a commit that was signed for another ref": sealedFor(seal, { ref: "refs/enki/attempts" }),
  "a commit that was signed without a ref": ({ object, tree }, _, honest) =>
    object(formatSignedCommit(text(honest.slice(-1), tree, "forged"), seal.keys.sign)),
  "a tag of Enki's tip": ({ git }, _, honest) =>
    git(`object ${honest[2]}\ntype commit\ntag x\ntagger E <e@x> 0 +0000\n\n${FORGED}`, "mktag"),
  "a tree": ({ tree }) => tree,
  "a blob": ({ git }) => git(FORGED, "hash-object", "-w", "--stdin"),
  "two foreign commits": async (scene, ref, honest) => {
    const first = await plain((all) => all.slice(-1))(scene, ref, honest);
    return plain(() => [first ?? ""])(scene, ref, honest);
  },
};

const AFTER_LOSS: Record<string, Forgery["forge"]> = {
  "rolled back by one write": (_, __, honest) => honest[1] ?? null,
  "rolled back to the first write": (_, __, honest) => honest[0] ?? null,
  deleted: () => null,
  "an older signed history of its own": ({ person, tree }, ref) =>
    writeSealedCommit(person, seal, { ref, tree, parents: [], message: "an older ledger", at: SECOND - 60_000 }),
  "an older signed line from the first write": ({ person, tree }, ref, honest) =>
    writeSealedCommit(person, seal, { ref, tree, parents: honest.slice(0, 1), message: "an older line", at: SECOND + 1_500 }),
  "the other ref's commit": ({ written }, ref) => written[ref === LEDGER_REF ? ARCHIVE_REF : LEDGER_REF]?.at(-1) ?? null,
};

const runForgery = async ({ forge, reader = "writer", ref = LEDGER_REF }: Forgery): Promise<AttackEnd> => {
  const scene = await openScene();
  try {
    const honest = scene.written[ref] ?? [];
    const foreign = await forge(scene, ref, honest);
    await scene.put(ref, foreign);
    const clone = reader === "fresh" ? await scene.repo.clone() : scene.enki;
    const guard = reader === "writer" ? scene.guard : scene.openGuard(clone);
    await clone.fetch();
    const refused = await guard.verify().then(
      () => null,
      (error: unknown) => error,
    );
    if (refused !== null)
      return refused instanceof UnsignedLedgerError
        ? { stopped: "unsigned-ledger" }
        : { through: refused instanceof Error ? refused.message : "no error" };
    const now = readRefFile(scene.repo.url, ref) ?? "";
    const seen = (await clone.refs())[ref] ?? "";
    const state = now === "" ? "" : ((await clone.readFiles(now)).get("state")?.toString("utf8") ?? "");
    if (now !== seen || state === FORGED || !honest.includes(now)) return { through: `${ref} is ${now}: ${state}` };
    if (reader !== "fresh" && now !== honest.at(-1)) return { through: `only an older state is back: ${state}` };
    if (foreign !== null && readRefFile(scene.repo.url, toRefusedRef(foreign)) === null) return { through: "the foreign commit is lost" };
    return { stopped: "restored" };
  } finally {
    scene.repo.close();
  }
};

const variants = Object.entries(FORGERIES).flatMap(([name, forge], index) => {
  // Each forgery meets another kind of reader; the most telling forgeries meet every kind.
  const reader = (["writer", "restarted", "fresh"] as const)[index % 3] ?? "writer";
  const ref = index % 5 === 4 ? ARCHIVE_REF : LEDGER_REF;
  return [
    [
      `${name}, seen by a ${reader} process, in the place of the ${ref === LEDGER_REF ? "ledger" : "archive"}`,
      { forge, reader, ref },
    ] as const,
  ];
});
const lossVariants = Object.entries(AFTER_LOSS).flatMap(([name, forge]) =>
  ([LEDGER_REF, ARCHIVE_REF] as const).flatMap((ref) =>
    (["writer", "restarted"] as const).map(
      (reader) =>
        [
          `${name}, seen by a ${reader} process, in the place of the ${ref === LEDGER_REF ? "ledger" : "archive"}`,
          { forge, reader, ref },
        ] as const,
    ),
  ),
);
const everyReader = ["an unsigned commit on top", "a commit signed with another key", "an unsigned history of its own"].flatMap((name) =>
  (["writer", "restarted", "fresh"] as const).map(
    (reader) => [`${name}, once more, seen by a ${reader} process`, { forge: FORGERIES[name] ?? (() => null), reader }] as const,
  ),
);

attackFamily("ledger", Object.fromEntries<Forgery>([...variants, ...lossVariants, ...everyReader]), runForgery);
