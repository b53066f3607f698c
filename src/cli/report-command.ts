import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { createReport, renderReportMarkdown, renderReportSummary } from "../core/messages/execution-report.ts";
import { renderReportPage } from "../core/messages/report-page.ts";
import { readOwn } from "../core/domain/own-record.ts";
import { openExecutionHistory } from "../storage/ledger/execution-history.ts";
import { readOptionsAndWords, UsageError } from "./command-options.ts";
import { findExecution } from "./find-execution.ts";
import { findInLedgers, readShownLedgers } from "./shown-ledgers.ts";
import type { TerminalHost } from "./terminal-host.ts";

const FORMATS = { md: renderReportMarkdown, html: renderReportPage, summary: renderReportSummary } as const;

export const reportOptions = {
  format: { type: "string", default: "md", value: "<format>", about: "md, html or summary; md by default" },
  output: { type: "string", value: "<file>", about: "writes a file instead of printing" },
} as const;

const isFormat = (text: string): text is keyof typeof FORMATS => Object.hasOwn(FORMATS, text);

/** `enki report <execution>`: durations, waits and their causes, the critical path, and retries with their reasons. */
export const runReportCommand = async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
  const { values, words } = readOptionsAndWords(args, reportOptions, 1);
  const { format, output } = values;
  if (!isFormat(format)) throw new UsageError(`--format must be one of ${Object.keys(FORMATS).join(", ")}`);
  const named = words[0] ?? null;
  const { git, ref, ledger, execution } = findInLedgers(await readShownLedgers(terminal), (shown) => ({
    ...shown,
    ...findExecution(shown.ledger, { issue: null, target: named }),
  }));
  const timeline = await openExecutionHistory(git, execution.id, ref).read();
  const plan = ledger.plans[execution.plan ?? ""] ?? null;
  const report = createReport({ execution, plan, timeline, queue: readOwn(ledger.queues, execution.baseBranch), now: terminal.now() });
  const text = FORMATS[format](report);
  if (output === undefined) terminal.out(`${text.trimEnd()}\n`);
  else await writeFile(resolve(terminal.cwd, output), text);
  return 0;
};
