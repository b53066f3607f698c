import type { plan } from "../../support/build.ts";
import { Crash } from "../../support/memory-world.ts";
import { openStory } from "../../support/story.ts";

type Story = ReturnType<typeof openStory>;

type LandingPlay = {
  readonly steps: ReturnType<typeof plan>;
  readonly options?: Parameters<typeof openStory>[0];
  /** Sets up GitHub before the plan is proposed. */
  readonly prepare?: (story: Story) => void;
  /** The number of the save or effect at which the process dies; Infinity for never. */
  readonly crashAt: number;
};

/** Plays two finished steps that wait to land. The process dies at one point, and another process continues. */
export const playLanding = async ({ steps, options = {}, prepare, crashAt }: LandingPlay) => {
  let points = -1;
  let isArmed = false;
  const it = openStory({
    ...options,
    crash: (point) => {
      if (isArmed && (points += 1) === crashAt) throw new Crash(point);
    },
  });
  prepare?.(it);
  await it.propose(steps);
  await it.approve();
  await it.worked("a");
  await it.worked("b");
  isArmed = true;
  const wake = async (): Promise<void> => {
    try {
      await it.tell({ kind: "woken" });
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      it.restart();
    }
  };
  for (let turn = 0; turn < 40 && it.execution()?.state === "running"; turn += 1) {
    for (const job of it.running()) if (job.startsWith("verify/")) it.finish(job, { end: "success" });
    await wake();
    it.mergeQueued();
  }
  // The next process finishes the remaining work.
  for (let turn = 0; turn < 5; turn += 1) await wake();
  return { ...it, points };
};
