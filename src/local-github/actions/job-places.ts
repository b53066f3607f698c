import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { removeJobDirectories } from "./job-directories.ts";
import type { CellFactory, ProcessCell } from "./process-cell.ts";
import { startTimer, type RunnerTimers } from "./runner-timers.ts";
import { type ProgramStart, startWaitingProgram, type WaitingProgram } from "./waiting-program.ts";

export type OpenedCell = { readonly cell: ProcessCell; readonly waiting: WaitingProgram | null };
/** The directory of a single job, and its cell. */
export type JobPlace = {
  readonly root: string;
  readonly openCell: () => Promise<OpenedCell>;
  /** Ends all processes in the cell, also if no command of the job ran there. */
  readonly leave: () => Promise<void>;
};

/** Places for jobs that run the program, some of them opened in advance. */
export type JobPlaces = {
  /** Takes a place for a job that starts. */
  readonly take: () => JobPlace;
  /** Opens a place for the first job. */
  readonly warmUp: () => void;
  /** Sets how many jobs may still start; no more places than that are opened in advance. Null if that is unknown. */
  readonly expect: (jobs: number | null) => void;
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

/** A place whose cell opens before a job needs it. */
type OpenPlace = { readonly root: string; readonly opened: Promise<OpenedCell> };

const openPlace = ({ directory, cells, start }: PlaceOptions): OpenPlace => {
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

const endPlace = ({ opened }: OpenPlace): Promise<void> => opened.then(({ cell }) => cell.end()).catch(() => undefined);

const discardPlace = async (place: OpenPlace): Promise<void> => {
  await endPlace(place);
  await removeJobDirectories(place.root);
};

export const openJobPlaces = (options: PlaceOptions): JobPlaces => {
  const { timers, spares } = options;
  const free: OpenPlace[] = [];
  let taken = 0;
  let expected = Infinity;
  let isOpen = true;
  let cancelTimer = (): void => undefined;
  // A busy machine starts no process that its jobs may not need.
  const refill = (wanted = spares): void => {
    const missing = isOpen ? Math.min(wanted, 2 * spares - taken, expected) - free.length : 0;
    for (let count = 0; count < missing; count += 1) free.push(openPlace(options));
  };
  return {
    take: () => {
      taken += 1;
      cancelTimer();
      cancelTimer = startTimer(timers, REFILL_DELAY_MS, () => refill());
      const place = free.shift() ?? openPlace(options);
      return {
        root: place.root,
        openCell: () => place.opened,
        leave: async () => {
          await endPlace(place);
          taken -= 1;
          // The last job may have been the last of all.
          if (taken > 0) refill();
        },
      };
    },
    // The first job is most often alone.
    warmUp: () => refill(Math.min(1, spares)),
    expect: (jobs) => void (expected = jobs ?? Infinity),
    close: async () => {
      isOpen = false;
      cancelTimer();
      await Promise.all(free.splice(0).map(discardPlace));
    },
  };
};
