import { afterAll, beforeAll, expect, test } from "vitest";
import { emptyLedger } from "../../../src/core/domain/ledger.ts";
import { toRequestRef } from "../../../src/core/domain/refs.ts";
import { loadRequests } from "../../../src/storage/ledger/load-requests.ts";
import { repository } from "../../support/repository.ts";

let repo: Awaited<ReturnType<typeof repository>>;
beforeAll(async () => {
  repo = await repository();
});
afterAll(() => repo.close());

const NOW = 1_700_000_000_000;
const DAY_MS = 24 * 60 * 60_000;

test("reads requests, and reports every ref in their place that is none", async () => {
  const clone = await repo.clone();
  const put = async (name: string, request: object): Promise<string> => {
    const content = JSON.stringify({ issue: 7, at: NOW, command: "/enki fix it", nonce: name, ...request });
    const tree = await clone.writeFiles(null, new Map([["request.json", { content, mode: "100644" }]]));
    const commit = await clone.writeCommit({ tree, parents: [], message: name, at: 0 });
    await clone.push([{ ref: toRequestRef(name), oldSha: null, newSha: commit }]);
    return commit;
  };
  const bad = {
    approval: await put("approval", { command: "/enki approve abcdef123456" }),
    future: await put("future", { at: NOW + 2 * DAY_MS }),
    never: await put("never", { at: 9_000_000_000_000_000 }),
  };
  const good = await put("good", {});
  const fresh = await repo.clone();
  await fresh.fetch();
  const refs = await fresh.refs();
  const events = await loadRequests(fresh, { refs, ledger: emptyLedger, now: NOW });
  expect(events.filter(({ kind }) => kind === "commanded").map((event) => "id" in event && event.id)).toEqual([`request:${good}`]);
  expect(events.filter(({ kind }) => kind === "misplaced")).toEqual(
    Object.entries(bad).map(([name, commit]) => ({ kind: "misplaced", ref: toRequestRef(name), commit, job: null, fault: "no-request" })),
  );
});
