import { isAscii } from "node:buffer";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { Script } from "node:vm";

/**
 * Loads the bundles of a directory. V8 needs a third of a second to compile the bundles of a run, and reads their compiled code, which an
 * earlier process stored, in a tenth of that.
 */
export type BundleLoader = {
  /** The exports of the bundle `<name>.cjs`. */
  readonly load: (name: string) => unknown;
  /** Whether a later process will find code for the bundle. */
  readonly isStored: (name: string) => boolean;
  /** Stores the code of the loaded bundles that had none. */
  readonly save: () => void;
};

export type BundleDirectories = {
  readonly bundles: string;
  /** Receives compiled code; code beside the bundles is only read. */
  readonly cache: string;
};

/** The cache of compiled code. Each run copies the code of the programs of jobs beside them, because jobs do not see the person's home. */
export const findCodeCache = (home: string): string => join(home, ".cache", "enki", "code");

const WRITABLE_BY_OTHERS = 0o022;
const PRIVATE_DIRECTORY = 0o700;
const PRIVATE_FILE = 0o600;

type BundleSource = {
  readonly name: string;
  readonly path: string;
  readonly owner: number;
  readonly text: string;
  readonly codeName: string;
};

const readBundle = (directory: string, name: string): BundleSource => {
  const path = join(directory, `${name}.cjs`);
  const bytes = readFileSync(path);
  // V8 itself compares only the length of a source with that of the compiled one. Another Node needs other code.
  const codeName = `${name}-${createHash("sha256").update(process.version).update(bytes).digest("hex")}.code`;
  return { name, path, owner: statSync(path).uid, text: bytes.toString(isAscii(bytes) ? "latin1" : "utf8"), codeName };
};

/** Compiled code that only this user or the owner of the bundle can have written; compiled code is as trusted as the bundle. */
const readCode = ({ owner, codeName }: BundleSource, directory: string): Buffer | null => {
  try {
    const path = join(directory, codeName);
    const isTrusted = [path, directory]
      .map((each) => statSync(each))
      .every(({ uid, mode }) => (uid === process.getuid?.() || uid === owner) && (mode & WRITABLE_BY_OTHERS) === 0);
    return isTrusted ? readFileSync(path) : null;
  } catch {
    return null;
  }
};

const compile = ({ path, text }: BundleSource, code: Buffer | null): Script =>
  new Script(`(function (exports, require, module, __filename, __dirname) {${text}\n})`, {
    filename: path,
    ...(code && { cachedData: code }),
  });

const run = (script: Script, path: string): unknown => {
  const module: { exports: unknown } = { exports: {} };
  const call = script.runInThisContext() as (...values: readonly unknown[]) => void;
  call(module.exports, createRequire(path), module, path, dirname(path));
  return module.exports;
};

/** Replaces the code of other versions of a bundle. Another process may read the file meanwhile. */
const storeCode = (cache: string, { name, codeName }: BundleSource, code: Buffer): void => {
  const draft = join(cache, `${codeName}.${process.pid}`);
  writeFileSync(draft, code, { mode: PRIVATE_FILE });
  renameSync(draft, join(cache, codeName));
  for (const other of readdirSync(cache)) if (other.startsWith(`${name}-`) && other !== codeName) rmSync(join(cache, other));
};

export const createBundleLoader = ({ bundles, cache }: BundleDirectories): BundleLoader => {
  const compiled = new Map<string, { readonly source: BundleSource; readonly script: Script }>();
  const find = (source: BundleSource): Buffer | null => readCode(source, bundles) ?? readCode(source, cache);
  return {
    load: (name) => {
      const source = readBundle(bundles, name);
      const script = compile(source, find(source));
      if (script.cachedDataRejected !== false) compiled.set(name, { source, script });
      return run(script, source.path);
    },
    isStored: (name) => find(readBundle(bundles, name)) !== null,
    save: () => {
      mkdirSync(cache, { recursive: true });
      chmodSync(cache, PRIVATE_DIRECTORY);
      for (const { source, script } of compiled.values()) storeCode(cache, source, script.createCachedData());
    },
  };
};

/** Copies the compiled code of bundles beside their copies in `target`. */
export const copyCode = ({ bundles, cache }: BundleDirectories, names: readonly string[], target: string): void => {
  for (const name of names) {
    const source = readBundle(bundles, name);
    const code = readCode(source, cache);
    if (code !== null) writeFileSync(join(target, source.codeName), code);
  }
};
