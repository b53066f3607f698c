import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";

it("npm run bench -- refinery prints tables and gates, and writes JSON and a plot", () => {
  const out = mkdtempSync(join(tmpdir(), "enki-bench-test-"));
  try {
    const args = ["scripts/bench.mjs", "refinery", "--quick", "--seeds", "2", "--only", "N=8", "--workers", "2", "--out", out];
    const ran = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect(ran.stderr).toBe("");
    const told = JSON.parse(readFileSync(join(out, "refinery.json"), "utf8")) as {
      gates: readonly { holds: boolean }[];
      cells: readonly { rows: Readonly<Record<string, { redLandings: number }>> }[];
    };
    expect(told.gates).toHaveLength(19);
    // The command exits with 1 if a gate does not hold.
    expect(ran.status).toBe(told.gates.every(({ holds }) => holds) ? 0 : 1);
    expect(ran.stdout.match(/^(holds|FAILS) /gm)).toHaveLength(19);
    expect(told.cells.flatMap(({ rows }) => Object.values(rows).map(({ redLandings }) => redLandings)).every((red) => red === 0)).toBe(
      true,
    );
    expect(ran.stdout).toMatch(/^makespan ÷ oracle of ours\+1r +cells +p50 +p95 +retried +÷ bound$/m);
    expect(ran.stdout.match(/^oracle /gm)).toHaveLength(told.cells.length + 1);
    expect(readFileSync(join(out, "refinery.svg"), "utf8")).toContain("makespan ÷ oracle");
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
});
