export type RunnerLogOptions = {
  readonly print: (line: string) => void;
  /** An unpredictable word that ends a section without commands. */
  readonly token: string;
};

/**
 * The log of an Actions step. The runner reads commands from a log, and finds `##[…]` anywhere in a line. It is therefore told to ignore
 * commands in everything that is logged, because most lines quote a person, an agent or GitHub.
 */
export const openRunnerLog = ({ print, token }: RunnerLogOptions) => {
  let isStopped = false;
  const setStopped = (next: boolean): void => {
    if (next !== isStopped) print(next ? `::stop-commands::${token}` : `::${token}::`);
    isStopped = next;
  };
  return {
    write: (line: string): void => {
      setStopped(true);
      print(line);
    },
    /** Lets the runner read what `call` prints. */
    command: (call: () => void): void => {
      setStopped(false);
      call();
    },
    close: (): void => setStopped(false),
  };
};
