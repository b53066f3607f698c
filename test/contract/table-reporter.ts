import { stripVTControlCharacters } from "node:util";
import type { Reporter, SerializedError, TestCase, TestModule } from "vitest/node";

const QUESTIONS = "open questions";
const MAX_SEEN_CHARS = 400;
const SECRETS = ["GH_TOKEN", "GITHUB_TOKEN", "ENKI_CONTRACT_BOT_TOKEN", "ENKI_CONTRACT_READ_TOKEN"];

/** No token is printed, whatever an error holds: neither one of the environment nor one that an App made. */
const redact = (text: string): string => {
  const known = SECRETS.map((name) => process.env[name] ?? "").filter((value) => value !== "");
  const hidden = known.reduce((left, value) => left.replaceAll(value, "***"), text);
  return hidden.replaceAll(/\b(?:gh[a-z]_|github_pat_)\w+|\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, "***");
};

/** One line for a cell: an assertion's message, and its difference without colours. */
const describeErrors = (errors: readonly SerializedError[]): string => {
  const [error] = errors;
  const diff = typeof error?.diff === "string" ? error.diff : "";
  const changes = stripVTControlCharacters(diff)
    .split("\n")
    .filter((line) => /^[-+] (?!Expected|Received)/.test(line));
  return [error?.message.split("\n")[0] ?? "", ...changes.map((line) => line.replace(/\s+/g, " "))].join(" ").trim();
};

const toCell = (text: string): string => {
  const line = redact(text).replaceAll(/\s+/g, " ").replaceAll("|", "\\|");
  return line.length > MAX_SEEN_CHARS ? `${line.slice(0, MAX_SEEN_CHARS)}…` : line;
};

type Row = { readonly promise: string; readonly result: "same" | "differs" | "not asked"; readonly seen: string };

const toRow = (test: TestCase): Row => {
  const result = test.result();
  if (result.state === "failed") return { promise: test.name, result: "differs", seen: toCell(describeErrors(result.errors)) };
  if (result.state === "passed") return { promise: test.name, result: "same", seen: "" };
  return { promise: test.name, result: "not asked", seen: toCell((result.state === "skipped" && result.note) || "") };
};

const toAnswer = (test: TestCase): readonly [string, string] => {
  const result = test.result();
  const { answer } = test.meta() as { answer?: string };
  if (answer !== undefined) return [test.name, redact(answer)];
  if (result.state === "failed") return [test.name, `not answered: ${toCell(describeErrors(result.errors))}`];
  return [test.name, `not asked: ${(result.state === "skipped" && result.note) || ""}`];
};

/** Prints each promise of the contract with what GitHub did, and the answers to the open questions. */
// oxlint-disable-next-line import/no-default-export -- Vitest loads a reporter by its default export.
export default class ContractReporter implements Reporter {
  readonly #rows: Row[] = [];
  readonly #answers: (readonly [string, string])[] = [];

  onTestCaseResult(test: TestCase): void {
    const result = test.result();
    // A filter of the command line left it out.
    if (result.state === "skipped" && result.note === undefined) return;
    if (test.parent.type === "suite" && test.parent.name === QUESTIONS) this.#answers.push(toAnswer(test));
    else this.#rows.push(toRow(test));
    // A run takes minutes: the person sees that it lives.
    process.stderr.write(".");
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const faults = [
      ...modules.flatMap((module) => [...module.errors(), ...[...module.children.allSuites()].flatMap((suite) => suite.errors())]),
      ...errors,
    ];
    const lines = this.#rows.length === 0 ? [] : this.#listRows();
    const said = faults.map(({ message }) => redact(message));
    process.stdout.write(`\n${[...lines, ...said].join("\n")}\n`);
  }

  #listRows(): readonly string[] {
    const count = (result: Row["result"]): number => this.#rows.filter((row) => row.result === result).length;
    return [
      "| promise | result | what was seen |",
      "|---|---|---|",
      ...this.#rows.map(({ promise, result, seen }) => `| ${promise} | ${result} | ${seen} |`),
      "",
      `${count("same")} promises are the same, ${count("differs")} differ, ${count("not asked")} were not asked.`,
      "",
      ...(this.#answers.length > 0 ? ["Open questions:"] : []),
      ...this.#answers.map(([question, answer]) => `${question}\n   ${answer}`),
    ];
  }
}
