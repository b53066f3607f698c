import { LEDGER_REF } from "../core/domain/refs.ts";
import { examine } from "../core/setup/doctor/examine.ts";
import type { Finding } from "../core/setup/doctor/finding.ts";
import { readOptions } from "./command-options.ts";
import { type AgentCheckResult, checkAgent } from "./doctor/check-agent.ts";
import { type DoctorInput, readDoctorFacts } from "./doctor/read-doctor-facts.ts";
import { openSettingsClient, type SettingsClient } from "./doctor/read-github-settings.ts";
import { findRepository } from "./find-repository.ts";
import { runInitCommand } from "./init-command.ts";
import { runOwnGit } from "./set-up/own-git.ts";
import { readOwnRepository } from "./set-up/read-repository-facts.ts";
import type { TerminalHost } from "./terminal-host.ts";

export const doctorOptions = {
  fix: { type: "boolean", default: false, about: "fixes what it can: generated files, and settings with a token of an administrator" },
  verify: { type: "boolean", default: false, about: "also runs the verify commands on the base" },
  agent: { type: "boolean", default: false, about: "also runs one short turn with the agent, which costs a few tokens" },
  rebuild: { type: "boolean", default: false, about: "sets an unreadable ledger aside, so that Enki rebuilds it" },
  json: { type: "boolean", default: false, about: "prints the findings as JSON" },
} as const;

/** `enki doctor`: finds the obstacles to Enki's work here. Exits with 1 after an error. */
export const runDoctorCommand = async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
  const values = readOptions(args, doctorOptions);
  const look = async (): Promise<{ findings: Finding[]; client: SettingsClient | null }> => {
    const own = await readOwnRepository(terminal, await findRepository(terminal, "."));
    const client = own.remote && openSettingsClient(terminal, own.remote);
    const input: DoctorInput = { own, client, runsVerify: values.verify };
    return { findings: examine(await readDoctorFacts(terminal, input)), client };
  };
  const said = values.json ? { ...terminal, out: terminal.err } : terminal;
  let { findings, client } = await look();
  if (await repair(said, { findings, client }, values)) ({ findings, client } = await look());
  const { findings: agentFindings, line } = values.agent ? await checkAgent(said, terminal.cwd) : NOT_CHECKED;
  findings.push(...agentFindings);
  if (values.json)
    terminal.out(
      `${JSON.stringify({ findings: findings.map(({ code, level, message, command }) => ({ code, level, message, command })) }, null, 2)}\n`,
    );
  else for (const each of [...(line === "" ? [] : [line]), ...formatFindings(findings)]) terminal.out(`${each}\n`);
  return findings.some(({ level }) => level === "error") ? 1 : 0;
};

const NOT_CHECKED: AgentCheckResult = { findings: [], line: "" };

/**
 * Copies the ledger to another ref and deletes the original, unless the ledger moved meanwhile. Enki writes a missing ledger again from
 * commits and comments.
 */
const setLedgerAside = async (terminal: TerminalHost): Promise<void> => {
  const { directory } = await readOwnRepository(terminal, await findRepository(terminal, "."));
  const [commit = ""] = (await runOwnGit(terminal, { directory, args: ["ls-remote", "origin", LEDGER_REF] })).split("\t");
  if (commit === "") return;
  const kept = `refs/enki-broken/${commit}`;
  const lease = `--force-with-lease=${LEDGER_REF}:${commit}`;
  await runOwnGit(terminal, { directory, args: ["push", "--quiet", "--atomic", lease, "origin", `${commit}:${kept}`, `:${LEDGER_REF}`] });
  terminal.out(`The ledger is kept as ${kept}. Enki writes it again when it next runs: gh workflow run enki.yml\n`);
};

type LookedAt = { readonly findings: readonly Finding[]; readonly client: SettingsClient | null };

/** Makes the repairs requested by a person. Returns whether anything was repaired. */
const repair = async (
  terminal: TerminalHost,
  looked: LookedAt,
  { fix, rebuild }: { readonly fix: boolean; readonly rebuild: boolean },
): Promise<boolean> => {
  const fixes = fix && looked.findings.some((each) => each.fix);
  const rebuilds = rebuild && looked.findings.some(({ code }) => code === "ledger-broken");
  if (fixes) await applyFixes(terminal, looked);
  if (rebuilds) await setLedgerAside(terminal);
  return fixes || rebuilds;
};

/** Runs `enki init` at most once, and changes settings. A refused change stays a finding. */
const applyFixes = async (terminal: TerminalHost, { findings, client }: LookedAt): Promise<void> => {
  const init = findings.flatMap(({ fix }) => (fix?.kind === "init" ? [fix] : []))[0];
  if (init) await runInitCommand(["--yes", ...(init.usesApp ? ["--app"] : [])], terminal);
  for (const { code, fix } of findings) {
    if (fix?.kind !== "requests" || !client) continue;
    for (const request of fix.requests) {
      const isDone = await client.change(request);
      terminal.out(`${code}: ${isDone ? "changed" : "GitHub refused"} ${request.method} ${request.path}\n`);
      if (!isDone) break;
    }
  }
};

const formatFindings = (findings: readonly Finding[]): string[] =>
  findings.length === 0
    ? ["Nothing is in the way."]
    : findings.flatMap(({ code, level, message, command }) => [`${level === "error" ? "✗" : "!"} ${code}: ${message}`, `    ${command}`]);
