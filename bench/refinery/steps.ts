/** A set of steps, one bit each, because every commit copies it. */
export type Steps = Uint32Array;

export const noSteps = (size: number): Steps => new Uint32Array(Math.ceil(size / 32));

export const hasStep = (steps: Steps, step: number): boolean => ((steps[step >>> 5] ?? 0) & (1 << (step & 31))) !== 0;

export const withStep = (steps: Steps, step: number): Steps => {
  const more = steps.slice();
  more[step >>> 5] = (more[step >>> 5] ?? 0) | (1 << (step & 31));
  return more;
};

export const union = (a: Steps, b: Steps): Steps => a.map((word, at) => word | (b[at] ?? 0));
