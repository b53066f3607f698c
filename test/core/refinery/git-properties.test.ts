import { expect, test } from "vitest";
import { atDepth } from "../../support/fast-check.ts";
import { repository } from "../../support/repository.ts";
import { playOnGit } from "./git-world.ts";
import { random } from "./history.ts";

/** Histories per repository. Each push costs more with every existing ref. */
const EACH = 10;
const REPOSITORIES = atDepth(20, 4);

test(`I1–I6, I12 and I14 hold in ${EACH * REPOSITORIES} random histories on real git with two writing clones`, async () => {
  const wrong: string[] = [];
  const play = async (from: number): Promise<void> => {
    const { clone, git, close } = await repository();
    const [one, two] = [await clone(), await clone()];
    for (let seed = from; seed < from + EACH && wrong.length === 0; seed += 1)
      wrong.push(...(await playOnGit({ one, two, git }, { name: `h${seed}`, rng: random(seed) })));
    close();
  };
  for (let at = 0; at < REPOSITORIES && wrong.length === 0; at += 2) await Promise.all([play(1 + at * EACH), play(1 + (at + 1) * EACH)]);
  expect(wrong).toEqual([]);
}, 300_000);
