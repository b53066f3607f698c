import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

type WrittenLedger = { readonly files: Readonly<Record<string, string>>; readonly message?: string };

/** Adds a version of the ledger to a repository with the branch `main`. */
export const writeLedger = (
  git: (...args: string[]) => string,
  directory: string,
  { files, message = "Write the ledger" }: WrittenLedger,
): void => {
  git("checkout", "-q", "--orphan", `ledger-${Object.keys(files).length}`);
  git("rm", "-rfq", "--ignore-unmatch", ".");
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  git("add", ".");
  git("commit", "-q", "-m", message);
  git("update-ref", "refs/enki/ledger", "HEAD");
  git("checkout", "-q", "-f", "main");
};
