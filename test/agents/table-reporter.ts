import type { Reporter, TestCase } from "vitest/node";

/** A suite about one agent names it, as in `the real codex`. */
const AGENT_PATTERN = /\bthe real (\w+)/;
const MAX_REASON_CHARS = 160;

type Cell = { readonly state: "green" | "red" | "skipped"; readonly reason: string };

const toCell = (test: TestCase): Cell => {
  const { state, errors } = test.result();
  const [reason = ""] = (errors?.[0]?.message ?? "").split("\n");
  return { state: state === "passed" ? "green" : state === "failed" ? "red" : "skipped", reason: reason.slice(0, MAX_REASON_CHARS) };
};

/** Prints a table of agents and tests at the end, with the reason of each red cell. */
// oxlint-disable-next-line import/no-default-export -- Vitest loads a reporter by its default export.
export default class TableReporter implements Reporter {
  readonly #rows = new Map<string, Map<string, Cell>>();

  onTestCaseResult(test: TestCase): void {
    const [, agent] = AGENT_PATTERN.exec(test.fullName) ?? [];
    if (agent === undefined) return;
    const row = this.#rows.get(test.name) ?? new Map<string, Cell>();
    this.#rows.set(test.name, row.set(agent, toCell(test)));
  }

  onTestRunEnd(): void {
    const rows = [...this.#rows].filter(([, cells]) => [...cells.values()].some(({ state }) => state !== "skipped"));
    if (rows.length === 0) return;
    const agents = [...new Set(rows.flatMap(([, cells]) => [...cells.keys()]))];
    const head = `| ${agents.join(" | ")} | what it plays |`;
    const lines = rows.map(([name, cells]) => `| ${agents.map((agent) => cells.get(agent)?.state ?? "–").join(" | ")} | ${name} |`);
    const red = rows.flatMap(([name, cells]) =>
      [...cells].flatMap(([agent, { state, reason }]) => (state === "red" ? [`red: ${agent}, ${name}: ${reason}`] : [])),
    );
    process.stdout.write(`${["", head, `|${"---|".repeat(agents.length + 1)}`, ...lines, ...red, ""].join("\n")}\n`);
  }
}
