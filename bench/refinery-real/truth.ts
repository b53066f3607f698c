import { draw, FOR, mix } from "../refinery/random.ts";
import type { Trace } from "../refinery/trace.ts";

/** Folder of the files that list the steps of a commit with their heads. */
const FOLDER = "steps";
/** File that a person's push changes. */
const PUSHED = `${FOLDER}/pushed`;
/** File that hot steps change. */
const HOT = "hot";

export const stepId = (step: number): string => `s${step}`;
export const stepNumber = (id: string): number => Number(id.slice(1));

/** A head of a step. Each fix or resolution is a new version. */
export type StepVersion = {
  readonly version: number;
  readonly bad: boolean;
  /** Steps on which this version was built, which are never red together with this version. */ readonly knows: readonly number[];
};

const stepFile = (step: number, { version, bad, knows }: StepVersion): [string, string] => [
  `${FOLDER}/${step}`,
  `${version} ${bad ? "bad" : "good"} ${[...knows].sort((a, b) => a - b).join(",")}\n`,
];

/** The files of an attempt: one of its own, and one shared with each conflicting step. */
export const filesOf = (trace: Trace, step: number, head: StepVersion): Record<string, string> => {
  const shared = (trace.textual[step] ?? []).map((other) =>
    trace.hot[step] === true && trace.hot[other] === true ? HOT : `pairs/${Math.min(step, other)}-${Math.max(step, other)}`,
  );
  return Object.fromEntries([stepFile(step, head), ...shared.map((path) => [path, `${step} ${head.version}\n`])]);
};

/** The files of a resolution: the conflicting files, and the new version of the step. */
export const resolvedFilesOf = (paths: readonly string[], step: number, head: StepVersion): Record<string, string> =>
  Object.fromEntries([stepFile(step, head), ...paths.map((path) => [path, `resolved for ${step} ${head.version}\n`])]);

type Files = ReadonlyMap<string, string>;

type Content = {
  /** Identifies the content, as in the simulation; flakes depend on the content. */ readonly hash: number;
  readonly steps: ReadonlyMap<number, StepVersion>;
  /** Whether a person's push made the base red. */ readonly red: boolean;
};

const readContent = (files: Files): Content => {
  const [start = "0", isRed, included = ""] = (files.get(PUSHED) ?? "").trimEnd().split(" ");
  const before = new Set(
    included
      .split(",")
      .filter((step) => step !== "")
      .map(Number),
  );
  const steps = new Map<number, StepVersion>();
  let hash = Number(start) >>> 0;
  for (const [path, text] of files) {
    const [folder, name = ""] = path.split("/");
    if (folder !== FOLDER || path === PUSHED) continue;
    const [version = "", truth, knows = ""] = text.trimEnd().split(" ");
    const step = Number(name);
    steps.set(step, {
      version: Number(version),
      bad: truth === "bad",
      knows: knows
        .split(",")
        .filter((each) => each !== "")
        .map(Number),
    });
    if (!before.has(step)) hash = (hash ^ mix(mix(FOR.content, step), Number(version))) >>> 0;
  }
  return { hash, steps, red: isRed === "red" };
};

/** The files of a person's push, which conflicts with no step and makes the base red or green. */
export const pushedFilesOf = (base: Files, red: boolean): Record<string, string> => {
  const { hash, steps } = readContent(base);
  return { [PUSHED]: `${mix(hash, FOR.push) >>> 0} ${red ? "red" : "green"} ${[...steps.keys()].join(",")}\n` };
};

export type Truth = {
  /** The verdict of a run: the same as in the simulation for the same content and attempt. */
  readonly verdict: (files: Files) => "green" | "red";
  /** The steps that were in a red run together with this version of a step, as its author knows. */
  readonly seenWith: (step: number, version: number) => readonly number[];
};

export const openTruth = ({ scene, seed, semantic }: Trace): Truth => {
  const tries = new Map<number, number>();
  const seen = new Map<string, Set<number>>();
  const isRedTogether = (steps: Content["steps"]): boolean =>
    [...steps].some(([step, { knows }]) =>
      semantic[step]?.some((other) => {
        const opponent = steps.get(other);
        return opponent && !knows.includes(other) && !opponent.knows.includes(step);
      }),
    );
  const remember = (steps: Content["steps"]): void => {
    for (const [step, { version }] of steps) {
      const known = seen.get(`${step} ${version}`) ?? new Set();
      seen.set(`${step} ${version}`, known);
      for (const other of steps.keys()) if (other !== step) known.add(other);
    }
  };
  return {
    verdict: (files) => {
      const { hash, steps, red } = readContent(files);
      const attempt = (tries.get(hash) ?? 0) + 1;
      tries.set(hash, attempt);
      const isBad = red || [...steps.values()].some(({ bad }) => bad) || isRedTogether(steps);
      if (!isBad && draw(seed, FOR.flake, hash, attempt) >= scene.flakes) return "green";
      remember(steps);
      return "red";
    },
    seenWith: (step, version) => [...(seen.get(`${step} ${version}`) ?? [])],
  };
};
