import { refuseBadLedgerKey } from "../../core/messages/refusals/ledger.ts";
import { createPrivateKey, hkdfSync } from "node:crypto";
import type { EnvelopeSignature } from "../../core/proof/proof-envelope.ts";
import { accept, type Result } from "../../core/domain/refusal.ts";
import type { Millis, RefName, Sha } from "../../core/domain/ids.ts";
import type { RepositoryClone } from "../git/repository-clone.ts";
import { createSshKey, formatPublicKey, readSshKeys, type SshKey } from "../git/ssh-key.ts";
import { createSshSignature, isSignedBy } from "../git/ssh-signature.ts";
import { signStatement } from "../proofs/proof-keys.ts";

/** The variable with the keys of the ledger: the first private key signs, and every key verifies. */
export const LEDGER_KEY_VARIABLE = "ENKI_LEDGER_KEY";

/** Signs and verifies the ledger. The secret is captured in functions, so no log, error or JSON text can contain the key. */
export type LedgerKeys = {
  readonly sign: (payload: Buffer) => string;
  readonly isSigned: (payload: Buffer, signature: string) => boolean;
  /** Signs a statement about a landing. The signed bytes differ from those of every commit. */
  readonly signStatement: (statement: Buffer) => EnvelopeSignature;
  /** The public keys as SSH writes them, the signing one first. */
  readonly publicKeys: readonly string[];
};

const createLedgerKeys = (signing: SshKey, all: readonly SshKey[]): LedgerKeys => ({
  sign: (payload) => createSshSignature(signing, payload),
  isSigned: (payload, signature) => isSignedBy(all, payload, signature),
  signStatement: (statement) => signStatement(signing, statement),
  publicKeys: [signing, ...all.filter((key) => key !== signing)].map((key) => formatPublicKey(key)),
});

/** Reads the keys of {@link LEDGER_KEY_VARIABLE}. The refusal never repeats the text. */
export const readLedgerKeys = (text: string): Result<LedgerKeys> => {
  const keys = readSshKeys(text);
  const signing = keys?.find(({ secret }) => secret !== undefined);
  if (keys && signing) return accept(createLedgerKeys(signing, keys));
  return refuseBadLedgerKey(LEDGER_KEY_VARIABLE);
};

const DERIVATION = "enki ledger signing key, version 1";
const SEED_BYTES = 32;

/** Derives the keys of an App from its private key, so that all processes of the App share them. */
export const deriveLedgerKeys = (privateKeyPem: string): LedgerKeys => {
  const secret = createPrivateKey(privateKeyPem.replaceAll(String.raw`\n`, "\n")).export({ format: "der", type: "pkcs8" });
  const key = createSshKey(Buffer.from(hkdfSync("sha256", secret, "", DERIVATION, SEED_BYTES)));
  return createLedgerKeys(key, [key]);
};

/** Signs and verifies the commits of one repository's refs: commits signed for another ref or repository are refused. */
export type LedgerSeal = {
  readonly keys: LedgerKeys;
  /** The full name of the repository. */
  readonly repository: string;
};

const SEAL_TRAILER = "Enki-Signed-For";

const formatSealTrailer = ({ repository }: LedgerSeal, ref: RefName): string => `${SEAL_TRAILER}: ${repository.toLowerCase()} ${ref}`;

type SealedCommit = {
  readonly ref: RefName;
  readonly tree: Sha;
  readonly parents: readonly Sha[];
  readonly message: string;
  readonly at: Millis;
};

/** Writes a commit of the ledger or the archive, signed for its ref if there is a key. */
export const writeSealedCommit = (clone: RepositoryClone, seal: LedgerSeal | undefined, { ref, ...commit }: SealedCommit): Promise<Sha> =>
  seal === undefined
    ? clone.writeCommit(commit)
    : clone.writeCommit({ ...commit, message: sealMessage(commit.message, seal, ref), sign: seal.keys.sign });

const sealMessage = (message: string, seal: LedgerSeal, ref: RefName): string =>
  `${message.trimEnd()}${message.includes("\n\n") ? "\n" : "\n\n"}${formatSealTrailer(seal, ref)}\n`;

export const isSealedFor = (message: string, seal: LedgerSeal, ref: RefName): boolean =>
  message.endsWith(`\n${formatSealTrailer(seal, ref)}\n`);

const ADOPTION_LINE = "Enki-Adopted: yes";

/** The message of the commit by which a person vouches for an unsigned ledger. */
export const formatAdoptionMessage = (subject: string): string => `${subject}\n\n${ADOPTION_LINE}`;
export const isAdoption = (message: string): boolean => message.split("\n").includes(ADOPTION_LINE);
