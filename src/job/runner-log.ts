export type RunnerLogOptions = {
  /** Prints a text of one or more lines. */
  readonly print: (text: string) => void;
  /** An unpredictable word that ends a section without commands. */
  readonly token: string;
  /** Calls back when the present call has ended, before any other event. */
  readonly soon: (call: () => void) => void;
};

/**
 * The log of an Actions step. The runner reads commands from a log, and finds `##[…]` anywhere in a line. It is therefore told to ignore
 * commands in everything that is logged, because most lines quote a person, an agent or GitHub. Lines that come together are printed
 * together: a write for each of a million lines takes seconds.
 */
export const openRunnerLog = ({ print, token, soon }: RunnerLogOptions) => {
  const waiting: string[] = [];
  let isStopped = false;
  const setStopped = (next: boolean): void => {
    if (next !== isStopped) print(next ? `::stop-commands::${token}` : `::${token}::`);
    isStopped = next;
  };
  const flush = (): void => {
    if (waiting.length === 0) return;
    setStopped(true);
    print(waiting.splice(0).join("\n"));
  };
  return {
    write: (line: string): void => {
      if (waiting.push(line) === 1) soon(flush);
    },
    /** Prints what was written so far. */
    flush,
    /** Lets the runner read what `call` prints. */
    command: (call: () => void): void => {
      flush();
      setStopped(false);
      call();
    },
    close: (): void => {
      flush();
      setStopped(false);
    },
  };
};
