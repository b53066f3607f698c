import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { createReport, renderReportMarkdown, renderReportSummary } from "../core/messages/execution-report.ts";
import { renderReportPage } from "../core/messages/report-page.ts";
import { readOwn } from "../core/domain/own-record.ts";
import { LEDGER_REF } from "../core/domain/refs.ts";
import { openExecutionHistory } from "../storage/ledger/execution-history.ts";
import { CommandError, readOptionsAndWords, UsageError } from "./command-options.ts";
import { findCommandTarget, type CommandTarget } from "./command-target.ts";
import { findExecution } from "./find-execution.ts";
import { findRepository } from "./find-repository.ts";
import { listRunLedgerRefs, readLocalLedger } from "./local-ledger.ts";
import type { TerminalHost } from "./terminal-host.ts";

const FORMATS = { md: renderReportMarkdown, html: renderReportPage, summary: renderReportSummary } as const;

export const reportOptions = {
  format: { type: "string", default: "md", value: "<format>", about: "md, html or summary; md by default" },
  output: { type: "string", value: "<file>", about: "writes a file instead of printing" },
} as const;

const isFormat = (text: string): text is keyof typeof FORMATS => Object.hasOwn(FORMATS, text);

type ReportSource = Pick<CommandTarget, "git" | "readLedger"> & { readonly ref: string };

/** The ledger of a run that is over, by its execution; otherwise the ledger of the local or real repository. */
const findReportSource = async (terminal: TerminalHost, named: string | null): Promise<ReportSource> => {
  await findRepository(terminal, ".");
  const refs =
    named === null
      ? []
      : (await listRunLedgerRefs(terminal)).filter((ref) =>
          ref
            .split("/")
            .at(-1)
            ?.startsWith(named.split("-")[0] ?? ""),
        );
  const [ref] = refs;
  if (ref !== undefined && refs.length === 1)
    return { git: { directory: terminal.cwd, after: terminal.after }, ref, readLedger: () => readLocalLedger(terminal, ref) };
  return { ...(await findCommandTarget(terminal)), ref: LEDGER_REF };
};

/** `enki report <execution>`: durations, waits and their causes, the critical path, and retries with their reasons. */
export const runReportCommand = async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
  const { values, words } = readOptionsAndWords(args, reportOptions, 1);
  const { format, output } = values;
  if (!isFormat(format)) throw new UsageError(`--format must be one of ${Object.keys(FORMATS).join(", ")}`);
  const named = words[0] ?? null;
  const { git, ref, readLedger } = await findReportSource(terminal, named);
  const ledger = await readLedger();
  const { execution } = findExecution(ledger, { issue: null, target: named });
  if (!ledger) throw new CommandError("there is no ledger here");
  const timeline = await openExecutionHistory(git, execution.id, ref).read();
  const plan = ledger.plans[execution.plan ?? ""] ?? null;
  const report = createReport({ execution, plan, timeline, queue: readOwn(ledger.queues, execution.baseBranch), now: terminal.now() });
  const text = FORMATS[format](report);
  if (output === undefined) terminal.out(`${text.trimEnd()}\n`);
  else await writeFile(resolve(terminal.cwd, output), text);
  return 0;
};
