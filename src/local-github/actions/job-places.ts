import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { removeJobDirectories } from "./job-directories.ts";
import type { CellFactory, ProcessCell } from "./process-cell.ts";
import { startTimer, type RunnerTimers } from "./runner-timers.ts";
import { type ProgramStart, startWaitingProgram, type WaitingProgram } from "./waiting-program.ts";

export type OpenedCell = { readonly cell: ProcessCell; readonly waiting: WaitingProgram | null };
/** The directory of a single job, with a cell that opens before the job needs it. */
export type JobPlace = { readonly root: string; readonly opened: Promise<OpenedCell> };

/** Places for jobs that run the program, some of them opened in advance. */
export type JobPlaces = {
  /** Takes a place for a job that starts. */
  readonly take: () => JobPlace;
  /** Reports that the job of a place has ended. */
  readonly leave: () => void;
  /** Opens places in advance, as many as the machine can use. */
  readonly refill: () => void;
  /** Removes the places that no job took. */
  readonly close: () => Promise<void>;
};

export type PlaceOptions = {
  /** The directory of all jobs. */
  readonly directory: string;
  readonly cells: CellFactory;
  readonly start: ProgramStart;
  readonly timers: RunnerTimers;
  /** How many places wait for a job at the same time. */
  readonly spares: number;
};

/** The time after the start of a job in which its own processes have the machine to themselves. */
const REFILL_DELAY_MS = 400;
const ID_BYTES = 4;

const openPlace = ({ directory, cells, start }: PlaceOptions): JobPlace => {
  const root = join(directory, `place-${randomBytes(ID_BYTES).toString("hex")}`);
  const open = async (): Promise<OpenedCell> => {
    await mkdir(root, { recursive: true, mode: 0o700 });
    const cell = await cells.open(root);
    // A cell that is not closed does not end the processes inside.
    return { cell, waiting: cell.closed ? startWaitingProgram(cell, start) : null };
  };
  const opened = open();
  // Whoever takes the place sees the error.
  opened.catch(() => undefined);
  return { root, opened };
};

/** Ends all processes in the cell of a place, also if no command ran there. */
export const endPlace = ({ opened }: JobPlace): Promise<void> => opened.then(({ cell }) => cell.end()).catch(() => undefined);

const discardPlace = async (place: JobPlace): Promise<void> => {
  await endPlace(place);
  await removeJobDirectories(place.root);
};

export const openJobPlaces = (options: PlaceOptions): JobPlaces => {
  const { timers, spares } = options;
  const free: JobPlace[] = [];
  let taken = 0;
  let closed = false;
  let cancelTimer = (): void => undefined;
  // A busy machine starts no process that its jobs may not need.
  const refill = (): void => {
    while (!closed && free.length < spares && free.length + taken < 2 * spares) free.push(openPlace(options));
  };
  return {
    take: () => {
      taken += 1;
      cancelTimer();
      cancelTimer = startTimer(timers, REFILL_DELAY_MS, refill);
      return free.shift() ?? openPlace(options);
    },
    leave: () => {
      taken -= 1;
      refill();
    },
    refill,
    close: async () => {
      closed = true;
      cancelTimer();
      await Promise.all(free.splice(0).map(discardPlace));
    },
  };
};
