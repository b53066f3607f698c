import { isAscii } from "node:buffer";
import { createHash, randomBytes } from "node:crypto";
import { chmodSync, lstatSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { Script } from "node:vm";
import { hasSafeParents, isPrivate, makePrivateDirectory, readPrivateFile } from "./private-files.ts";

/**
 * Loads the bundles of a directory. V8 needs a third of a second to compile the bundles of a run, and reads their compiled code, which an
 * earlier process stored, in a tenth of that.
 */
export type BundleLoader = {
  /** The exports of the bundle `<name>.cjs`. */
  readonly load: (name: string) => unknown;
  /** Whether a later process will find code for the bundle. */
  readonly isStored: (name: string) => boolean;
  /** Stores the code of the loaded bundles that had none. Throws if the cache cannot be written, or if other users could change it. */
  readonly save: () => void;
};

export type BundleDirectories = {
  readonly bundles: string;
  /** Receives compiled code; code beside the bundles is only read. */
  readonly cache: string;
};

/** The cache of compiled code. Each run copies the code of the programs of jobs beside them, because jobs do not see the person's home. */
export const findCodeCache = (home: string): string => join(home, ".cache", "enki", "code");

const PRIVATE_FILE = 0o600;
// The agents of jobs read the copies as a user of their own.
const COPIED_DIRECTORY = 0o755;
const COPIED_FILE = 0o644;
const DRAFT_NAME_BYTES = 8;

type BundleSource = {
  readonly name: string;
  readonly path: string;
  readonly owner: number;
  readonly text: string;
  readonly codeName: string;
};

/** Names the build of Node: two builds of one version can number the parts of V8 differently. */
const BUILD = JSON.stringify([process.versions, process.platform, process.arch, process.config]);

const readBundle = (directory: string, name: string): BundleSource => {
  const path = join(directory, `${name}.cjs`);
  const bytes = readFileSync(path);
  // V8 itself compares only the length of a source with that of the compiled one, and the version and options of V8. The name leaves out
  // these options (`v8.cachedDataVersionTag`): a command can have others than the programs of its jobs, whose code it copies.
  const codeName = `${name}-${createHash("sha256").update(BUILD).update(bytes).digest("hex")}.code`;
  return { name, path, owner: statSync(path).uid, text: bytes.toString(isAscii(bytes) ? "latin1" : "utf8"), codeName };
};

const hashCode = ({ codeName }: BundleSource, code: Buffer): Buffer => createHash("sha256").update(codeName).update(code).digest();

/** V8 does not notice damaged code and crashes, so a hash stands before the code. */
const packCode = (source: BundleSource, code: Buffer): Buffer => Buffer.concat([hashCode(source, code), code]);

const HASH_BYTES = 32;

/** Compiled code that only this user or the owner of the bundle can have written; compiled code is as trusted as the bundle. */
const readCode = (source: BundleSource, directory: string): Buffer | null => {
  try {
    const packed = readPrivateFile(join(directory, source.codeName), source.owner);
    const code = packed?.subarray(HASH_BYTES);
    return packed && code && hashCode(source, code).equals(packed.subarray(0, HASH_BYTES)) ? code : null;
  } catch {
    return null;
  }
};

const readCachedCode = (source: BundleSource, cache: string): Buffer | null => (hasSafeParents(cache) ? readCode(source, cache) : null);

const WRAPPER = ["(function (exports, require, module, __filename, __dirname) {", "\n})"] as const;

/** `import()` in a bundle always rejects: with `importModuleDynamically`, Node 20 imports from new code but not from stored code. */
const compile = ({ path, text }: BundleSource, code: Buffer | null): Script =>
  new Script(WRAPPER.join(text), {
    filename: path,
    columnOffset: -WRAPPER[0].length,
    ...(code && { cachedData: code }),
  });

const run = (script: Script, path: string): unknown => {
  const module: { exports: unknown } = { exports: {} };
  const call = script.runInThisContext() as (...values: readonly unknown[]) => void;
  call(module.exports, createRequire(path), module, path, dirname(path));
  return module.exports;
};

/** Replaces the code of other versions of a bundle, and what killed processes left. Another process may read the file meanwhile. */
const storeCode = (cache: string, source: BundleSource, code: Buffer): void => {
  const { name, codeName } = source;
  // Processes of two containers can have the same number.
  const draft = join(cache, `${codeName}.${randomBytes(DRAFT_NAME_BYTES).toString("hex")}`);
  try {
    writeFileSync(draft, packCode(source, code), { mode: PRIVATE_FILE, flag: "wx" });
    if (!isPrivate(lstatSync(draft))) throw new Error(`other users can change ${draft}`);
    renameSync(draft, join(cache, codeName));
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
  const pattern = new RegExp(`^${name}-[0-9a-f]{64}\\.code(?:\\.[0-9a-f]+)?$`);
  for (const other of readdirSync(cache)) if (pattern.test(other) && other !== codeName) rmSync(join(cache, other), { force: true });
};

export const createBundleLoader = ({ bundles, cache }: BundleDirectories): BundleLoader => {
  const compiled = new Map<string, { readonly source: BundleSource; readonly script: Script }>();
  const find = (source: BundleSource): Buffer | null => readCode(source, bundles) ?? readCachedCode(source, cache);
  return {
    load: (name) => {
      const source = readBundle(bundles, name);
      const script = compile(source, find(source));
      if (script.cachedDataRejected !== false) compiled.set(name, { source, script });
      return run(script, source.path);
    },
    isStored: (name) => find(readBundle(bundles, name)) !== null,
    save: () => {
      makePrivateDirectory(cache);
      for (const { source, script } of compiled.values()) storeCode(cache, source, script.createCachedData());
    },
  };
};

/** Writes code beside copies of bundles for every user to read, and for this one alone to change. */
const copyFile = (target: string, name: string, packed: Buffer): void => {
  try {
    chmodSync(target, COPIED_DIRECTORY);
    writeFileSync(join(target, name), packed, { mode: COPIED_FILE });
    // The umask can take the permission to read.
    chmodSync(join(target, name), COPIED_FILE);
  } catch {
    // Without space or permissions, jobs compile. The hash shows that a file is incomplete.
  }
};

/** Copies the compiled code of bundles beside their copies in `target`. */
export const copyCode = ({ bundles, cache }: BundleDirectories, names: readonly string[], target: string): void => {
  for (const name of names) {
    const source = readBundle(bundles, name);
    const code = readCachedCode(source, cache);
    if (code !== null) copyFile(target, source.codeName, packCode(source, code));
  }
};
