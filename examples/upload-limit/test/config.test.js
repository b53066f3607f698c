import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { readConfig } from "../src/config.js";

const UNITS = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

test("nginx lets through exactly what the service takes", () => {
  const nginx = readFileSync(new URL("../nginx.conf", import.meta.url), "utf8");
  const [, number, unit] = /client_max_body_size (\d+)([kmg]);/.exec(nginx);
  assert.equal(Number(number) * UNITS[unit], readConfig().maxUploadBytes);
});
