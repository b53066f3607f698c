import { beforeAll, expect, test } from "vitest";
import { INVARIANTS, type InvariantId } from "./invariants.ts";
import { explain, type Failure, search } from "./simulate.ts";

/** For more histories from any seed: `npm run properties -- --histories 1000000 --seed 7`. */
const HISTORIES = 10_000;

let failures: ReadonlyMap<InvariantId, Failure>;
beforeAll(() => {
  failures = search({ histories: HISTORIES, seed: 1 });
}, 300_000);

test.each(INVARIANTS)("$id in 10,000 random histories $says", ({ id }) => {
  const failure = failures.get(id);
  expect(failure && explain(id, failure)).toBeUndefined();
});
