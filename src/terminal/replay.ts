import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openClone } from "../git/clone.ts";
import { replayLedger } from "../ledger/replay.ts";
import { LEDGER } from "../model/refs.ts";
import { decideAgain } from "../replay.ts";
import { findRepository } from "./find-repository.ts";
import { CannotError, readWords } from "./options.ts";
import type { Terminal } from "./terminal.ts";

/** `enki replay`: one line for each write of a repository's ledger; 1 when one of them does not follow from its inputs. */
export const replay = async (args: readonly string[], terminal: Terminal): Promise<number> => {
  const [path = "."] = readWords(args, 1);
  const { directory: url } = await findRepository(terminal, path);
  const directory = await mkdtemp(join(tmpdir(), "enki-replay-"));
  try {
    const clone = await openClone({
      url,
      directory: join(directory, "clone.git"),
      token: () => Promise.resolve(undefined),
      identity: { name: "Enki", email: "enki@localhost" },
      after: terminal.after,
    });
    await clone.fetch();
    // Where nothing was compared, nothing is right.
    if (!(await clone.refs())[LEDGER])
      throw new CannotError(`${url} has no ledger; in a clone, git fetch origin ${LEDGER}:${LEDGER} brings it`);
    const writes = await replayLedger(clone, decideAgain);
    for (const write of writes) {
      terminal.out(`${write.end.padEnd(8)} ${write.commit.slice(0, 12)} ${write.subject}\n`);
      if (write.end === "differs") terminal.out(`         ${write.paths.join(", ")}\n`);
    }
    const bad = writes.filter(({ end }) => end === "differs").length;
    terminal.out(`${writes.length} writes, ${bad} of them differ\n`);
    return bad === 0 ? 0 : 1;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};
