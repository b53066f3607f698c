import { expect, test } from "vitest";
import { createRealRunner, toActingConfig } from "./real-runner.ts";
import { openStage } from "./stage.ts";

const testOf = (name: string, value: number): string =>
  [
    'import assert from "node:assert";',
    'import test from "node:test";',
    'import { limit } from "./limit.mjs";',
    `test(${JSON.stringify(name)}, () => assert.equal(limit > ${value - 1}, true));`,
    "",
  ].join("\n");

/** `lower` breaks the limit and deletes the test of the limit; `tidy` deletes a test that still passes. */
const ACTS = [
  {
    only: "plan",
    tool: "enki_execution_create",
    arguments: { steps: ["lower", "tidy"].map((id) => ({ id, title: `Do ${id}`, description: `Told to ${id}.` })) },
  },
  { only: "lower", run: "rm limit.test.mjs && echo 'export const limit = 9;' > limit.mjs" },
  { only: "tidy", run: "rm other.test.mjs" },
];

const CONFIG = toActingConfig(ACTS, 'verify = ["node --test"]', "parallel = 2");

test("a step that deletes a failing test is said to fail with it, another to pass, and both land once a person approves them", async () => {
  // Given passing tests, and a step that breaks the code and deletes the failing test.
  const stage = await openStage({
    files: {
      ".enki/enki.toml": CONFIG,
      "limit.mjs": "export const limit = 10;\n",
      "limit.test.mjs": testOf("the limit is 10", 10),
      "other.test.mjs": testOf("the limit is positive", 1),
    },
    script: () => "dies",
    runner: createRealRunner({ namespaces: false }),
    patience: 150_000,
  });
  const issue = await stage.ask();
  await stage.approve(issue);

  // Then the verified steps wait for a person, and Enki reports the results of the base's tests.
  const lower =
    /`lower` changes \*\*the checks that judge it\*\*, and \*\*without these changes, `node --test` fails\*\*.*approve #(\d+) with/;
  const tidy = /`tidy` changes .*approve #(\d+) with .*Without these changes, its verification passes, too\./;
  const shown = await stage.shows(issue, new RegExp(`${lower.source}[^]*${tidy.source}`));
  expect(shown).toContain("- `limit.test.mjs` deletes a test");
  expect(shown).toMatch(/Last output of <code>node --test<\/code>[^]*the limit is 10/);
  const [pull, other] = [lower, tidy].map((words) => Number(words.exec(shown)?.[1]));
  await stage.until("the pull request to say so", async () => {
    const { body } = (await stage.does("GET", `/pulls/${pull}`)) as { body: string };
    return /🔴 \*\*Without its changes to the checks that judge it, `node --test` fails\.\*\* · \[run\][^]*the limit is 10/.test(body);
  });
  expect(await stage.landed()).toEqual([]);

  // An approval still lands the steps, without any trace of the trials.
  stage.later(2_000);
  await stage.maintainer.review(pull ?? 0, { event: "APPROVE" });
  await stage.until("the first step to land", async () => (await stage.landed()).length === 1);
  await stage.maintainer.review(other ?? 0, { event: "APPROVE" });
  await stage.shows(issue, /Done: everything landed/);
  expect((await stage.git("ls-tree", "--name-only", "main")).split("\n")).toEqual([".enki", ".github", "limit.mjs", "limit.txt"]);
  await stage.until("no trial to be left", async () => (await stage.git("for-each-ref", "refs/enki/trials")) === "");
});
