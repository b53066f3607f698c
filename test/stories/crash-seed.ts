import { generateKeyPair } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { openClone } from "../../src/storage/git/repository-clone.ts";
import { runGitOrThrow } from "../../src/storage/git/run-git.ts";
import { readEnkiWorkflowFiles } from "../../src/cli/repository-files.ts";
import { after } from "../support/after.ts";
import { identity } from "../support/repository.ts";

export const ROOT = new URL("../..", import.meta.url).pathname;

/** The common start of every telling of a story. */
export type Seed = {
  /** A bare repository with the story's first commit. */
  readonly from: string;
  readonly privateKeyPem: string;
  readonly close: () => Promise<void>;
};

const FILES = { "limit.txt": "1\n", ".enki/enki.toml": '[refinery]\nverify = ["true"]\n' };

/** Creates a key for the App and a repository with Enki's workflow file once, for many stages. */
export const plantSeed = async (): Promise<Seed> => {
  const root = await mkdtemp(join(tmpdir(), "enki-crash-seed-"));
  const from = join(root, "seed.git");
  const clone = await openClone({ url: from, directory: from, token: () => Promise.resolve(undefined), identity, after });
  const own = Object.entries(FILES).map(([path, content]) => [path, { content, mode: "100644" as const }] as const);
  const tree = await clone.writeFiles(null, new Map([...own, ...(await readEnkiWorkflowFiles(ROOT))]));
  const commit = await clone.writeCommit({ tree, parents: [], message: "Begin", at: 1_000_000_000_000 });
  await runGitOrThrow(clone.running, ["update-ref", "refs/heads/main", commit]);
  await runGitOrThrow(clone.running, ["symbolic-ref", "HEAD", "refs/heads/main"]);
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2_048 });
  return {
    from,
    privateKeyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    close: () => rm(root, { recursive: true, force: true }),
  };
};
