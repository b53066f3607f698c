import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { openClone } from "../git/clone.ts";
import { replayLedger } from "../ledger/replay.ts";
import { decideAgain } from "../replay.ts";
import type { Terminal } from "./terminal.ts";

/** `enki replay`: one line for each write of a repository's ledger; 1 when one of them does not follow from its inputs. */
export const replay = async ([path = "."]: readonly string[], terminal: Terminal): Promise<number> => {
  const directory = await mkdtemp(join(tmpdir(), "enki-replay-"));
  try {
    const clone = await openClone({
      url: resolve(terminal.cwd, path),
      directory: join(directory, "clone.git"),
      token: () => Promise.resolve(undefined),
      identity: { name: "Enki", email: "enki@localhost" },
      after: terminal.after,
    });
    await clone.fetch();
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
