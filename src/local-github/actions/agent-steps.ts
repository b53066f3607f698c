/** The steps in which agents work now. Each is a single process, which hands over the agent's work at its end. */
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
