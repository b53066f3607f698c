import { examine } from "../core/setup/doctor/examine.ts";
import type { Finding } from "../core/setup/doctor/finding.ts";
import { readOptions } from "./command-options.ts";
import { type AgentCheckResult, checkAgent } from "./doctor/check-agent.ts";
import { type DoctorInput, readDoctorFacts } from "./doctor/read-doctor-facts.ts";
import { openSettingsClient, type SettingsClient } from "./doctor/read-github-settings.ts";
import { findRepository } from "./find-repository.ts";
import { runInitCommand } from "./init-command.ts";
import { readOwnRepository } from "./set-up/read-repository-facts.ts";
import type { TerminalHost } from "./terminal-host.ts";

export const doctorOptions = {
  fix: { type: "boolean", default: false, about: "repairs what it can: generated files, and settings with a token of an administrator" },
  verify: { type: "boolean", default: false, about: "also runs the verify commands on the base" },
  agent: { type: "boolean", default: false, about: "also plays one tiny turn with the agent, which costs a few tokens" },
  json: { type: "boolean", default: false, about: "prints the findings as JSON" },
} as const;

/** `enki doctor`: finds what keeps Enki from working here. Exits with 1 if there is an error. */
export const runDoctorCommand = async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
  const values = readOptions(args, doctorOptions);
  const look = async (): Promise<{ findings: Finding[]; client: SettingsClient | null }> => {
    const own = await readOwnRepository(terminal, await findRepository(terminal, "."));
    const client = own.remote && openSettingsClient(terminal, own.remote);
    const input: DoctorInput = { own, client, runsVerify: values.verify };
    return { findings: examine(await readDoctorFacts(terminal, input)), client };
  };
  let { findings, client } = await look();
  if (values.fix && findings.some(({ fix }) => fix)) {
    await repair(values.json ? { ...terminal, out: terminal.err } : terminal, findings, client);
    ({ findings, client } = await look());
  }
  const { findings: agentFindings, line } = values.agent
    ? await checkAgent(values.json ? { ...terminal, out: terminal.err } : terminal, terminal.cwd)
    : NOT_CHECKED;
  findings.push(...agentFindings);
  if (values.json)
    terminal.out(
      `${JSON.stringify({ findings: findings.map(({ code, level, message, command }) => ({ code, level, message, command })) }, null, 2)}\n`,
    );
  else for (const each of [...(line === "" ? [] : [line]), ...formatFindings(findings)]) terminal.out(`${each}\n`);
  return findings.some(({ level }) => level === "error") ? 1 : 0;
};

const NOT_CHECKED: AgentCheckResult = { findings: [], line: "" };

/** Runs `enki init` at most once, and changes settings. A refused change stays a finding. */
const repair = async (terminal: TerminalHost, findings: readonly Finding[], client: SettingsClient | null): Promise<void> => {
  const init = findings.flatMap(({ fix }) => (fix?.kind === "init" ? [fix] : []))[0];
  if (init) await runInitCommand(["--yes", ...(init.usesApp ? ["--app"] : [])], terminal);
  for (const { code, fix } of findings) {
    if (fix?.kind !== "request" || !client) continue;
    const isDone = await client.put(fix.path, fix.body);
    terminal.out(`${code}: ${isDone ? "changed" : "GitHub refused"} ${fix.method} ${fix.path}\n`);
  }
};

const formatFindings = (findings: readonly Finding[]): string[] =>
  findings.length === 0
    ? ["Nothing is in the way."]
    : findings.flatMap(({ code, level, message, command }) => [`${level === "error" ? "✗" : "!"} ${code}: ${message}`, `    ${command}`]);
