import assert from "node:assert/strict";
import { test } from "node:test";
import { startService } from "../support/service.js";

test("what is put is given back", async (context) => {
  const service = await startService(context, { maxUploadBytes: 1_000 });
  assert.equal((await service.put("a.txt", "hello")).status, 201);
  assert.equal(await (await service.get("a.txt")).text(), "hello");
});

test("one byte over the limit is refused, and nothing is kept", async (context) => {
  const service = await startService(context, { maxUploadBytes: 1_000 });
  assert.equal((await service.put("a.txt", Buffer.alloc(1_000))).status, 201);
  assert.equal((await service.put("b.txt", Buffer.alloc(1_001))).status, 413);
  assert.equal((await service.get("b.txt")).status, 404);
});

test("a name that leads elsewhere is not found", async (context) => {
  const service = await startService(context, { maxUploadBytes: 1_000 });
  assert.equal((await service.put("..%2fescape", "x")).status, 404);
});
