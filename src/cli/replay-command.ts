import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { openClone } from "../storage/git/repository-clone.ts";
import { replayLedger } from "../storage/ledger/replay-ledger.ts";
import { LEDGER_REF } from "../core/domain/refs.ts";
import { replayDecision } from "../coordinator/replay-decision.ts";
import { findRepository } from "./find-repository.ts";
import { CommandError, readWords } from "./command-options.ts";
import type { TerminalHost } from "./terminal-host.ts";

/** `enki replay`: prints one line for each write of a repository's ledger. Exits with 1 if a write does not follow from its inputs. */
export const runReplayCommand = async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
  const [path = "."] = readWords(args, 1);
  const { directory: url } = await findRepository(terminal, path);
  const directory = await mkdtemp(join(terminal.temporary, "enki-replay-"));
  try {
    const clone = await openClone({
      url,
      directory: join(directory, "clone.git"),
      token: () => Promise.resolve(undefined),
      identity: { name: "Enki", email: "enki@localhost" },
      after: terminal.after,
    });
    await clone.fetch();
    // An empty comparison is not a success.
    if (!(await clone.refs())[LEDGER_REF])
      throw new CommandError(`${url} has no ledger; in a clone, git fetch origin ${LEDGER_REF}:${LEDGER_REF} brings it`);
    const writes = await replayLedger(clone, replayDecision);
    for (const write of writes) {
      terminal.out(`${write.end.padEnd(8)} ${write.commit.slice(0, 12)} ${write.subject}\n`);
      if (write.end === "differs") terminal.out(`         ${write.paths.join(", ")}\n`);
    }
    const bad = writes.filter(({ end }) => end === "differs").length;
    const older = writes.filter(({ end }) => end === "older").length;
    const reworded = writes.filter(({ end }) => end === "reworded").length;
    const words = reworded > 0 ? `; ${reworded} differ in their sentences only, as another version of Enki worded them` : "";
    const apart = older > 0 ? `; ${older} are in an older format, not replayed` : "";
    terminal.out(`${writes.length} writes, ${bad} of them differ${words}${apart}\n`);
    return bad === 0 ? 0 : 1;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};
