/** The steps in which agents work now, each a single process at the end of which its work is handed over. */
export type AgentSteps = {
  /** Plays a step of a run. The signal aborts with `stop`, and when all agents are interrupted. */
  readonly play: (run: number, stop: AbortSignal, work: (stop: AbortSignal) => Promise<void>) => Promise<void>;
  /** Interrupts every step; returns their runs. */
  readonly interrupt: () => readonly number[];
};

export const openAgentSteps = (): AgentSteps => {
  const interrupts = new Map<AbortController, number>();
  return {
    play: async (run, stop, work) => {
      const interrupt = new AbortController();
      interrupts.set(interrupt, run);
      try {
        await work(AbortSignal.any([stop, interrupt.signal]));
      } finally {
        interrupts.delete(interrupt);
      }
    },
    interrupt: () => {
      for (const each of interrupts.keys()) each.abort();
      return [...interrupts.values()];
    },
  };
};
