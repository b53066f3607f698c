import { draw, FOR, mix } from "../refinery/random.ts";
import type { Trace } from "../refinery/trace.ts";

/** The files by which a commit tells which steps are in it, and which attempt of each. */
const FOLDER = "steps";

export const stepId = (step: number): string => `s${step}`;
export const stepNumber = (id: string): number => Number(id.slice(1));

/** What an attempt of a step writes: a file of its own, and one with each step that it conflicts with. */
export const filesOf = (trace: Trace, step: number, version: number): Record<string, string> => {
  const shared = (trace.textual[step] ?? []).map((other) => `pairs/${Math.min(step, other)}-${Math.max(step, other)}`);
  return { [`${FOLDER}/${step}`]: `${version}\n`, ...Object.fromEntries(shared.map((path) => [path, `${step} ${version}\n`])) };
};

/** What runs find: the same verdict as in the simulation for the same content and the same try of it. */
export const openTruth = ({ scene, seed, bad }: Trace) => {
  const tries = new Map<number, number>();
  return (files: ReadonlyMap<string, string>): "green" | "red" => {
    let content = 0;
    let isBad = false;
    for (const [path, text] of files) {
      const [folder, name = ""] = path.split("/");
      if (folder !== FOLDER) continue;
      const [step, version] = [Number(name), Number(text)];
      content = (content ^ mix(mix(FOR.content, step), version)) >>> 0;
      isBad ||= version === 0 && bad[step] === true;
    }
    const attempt = (tries.get(content) ?? 0) + 1;
    tries.set(content, attempt);
    return isBad || draw(seed, FOR.flake, content, attempt) < scene.flakes ? "red" : "green";
  };
};
