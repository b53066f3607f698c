import { serveTools } from "./tools/serve-tools.ts";
import { type LoginFiles, readLoginFiles } from "./agent/agent-login.ts";
import { selectAgentVariables } from "./agent/agent-variables.ts";
import { type AgentResolution, type ResolvedAgent, resolveAgent } from "./agent/resolve-agent.ts";
import type { McpServerCommand } from "./agent/agent-preset.ts";
import type { AgentVariables } from "./agent/key-route.ts";
import { type KeptSession, readKeptSession, restoreSession } from "./agent/kept-session.ts";
import { type AgentEnd, type AgentRun, runAgent } from "./agent/run-agent.ts";
import type { RecordedCommand } from "../core/domain/command.ts";
import type { WorkCheck } from "../core/domain/work-check.ts";
import { openWorkCheck } from "./check-work.ts";
import { hasWorkToCheck } from "./reported-outcome.ts";
import type { ToolSet } from "../core/domain/tool-set.ts";
import { prepareAgentEnv, mayEdit, writesReport } from "./job-environment.ts";
import { renderJobPrompt } from "./job-prompt.ts";
import { type JobSpec, toJobPaths } from "./job-spec.ts";
import type { StepHost } from "./step-host.ts";
import { openJobTools } from "./job-tools.ts";
import { findPreset } from "./agent/find-preset.ts";
import { openAgentTranscript } from "./agent-transcript.ts";
import { limitNetwork } from "./network/limit-network.ts";
import type { NetworkRelay } from "./sandbox/job-sandbox.ts";
import { keepKeyOutside } from "./proxy/keep-key-outside.ts";
import { listSecrets, type WorkPlace, type WorkResult } from "./work-result.ts";

/**
 * Plays an agent's session with Enki's tools, with a proxy that keeps the model's key outside the agent, and with the network that the
 * policy allows.
 */
export const runAgentSession = async (host: StepHost, spec: JobSpec, place: WorkPlace): Promise<WorkResult> => {
  const tools = openJobTools(host, spec, mayEdit(spec) ? place.sandbox : null);
  const transcript = openAgentTranscript({
    job: spec.job,
    agent: describeAgent(spec),
    secrets: listSecrets(host, spec),
    log: host.log,
  });
  const opened: { close: () => Promise<void> }[] = [];
  const login = readLoginFiles(spec.agent, host.agentEnv);
  const interrupt = new AbortController();
  const ignoreInterrupt = host.onInterrupt?.(() => interrupt.abort());
  try {
    opened.push(await serveTools({ socket: toJobPaths(host.temp).socket, context: tools.context }));
    const key = await keepKeyOutside({
      agent: spec.agent,
      variables: selectAgentVariables(spec.agent, host),
      login,
      onNote: transcript.note,
    });
    opened.push(key);
    if (key.sentence !== "") transcript.note(key.sentence);
    const network = await limitNetwork(host, spec, { ...key, sandbox: place.sandbox, onNote: transcript.note });
    opened.push(network);
    const ended = await playSession(host, spec, {
      ...place,
      ...network,
      login,
      transcript,
      toolSet: tools.context.toolSet,
      readLimitWords: key.readLimitWords,
      interrupt: interrupt.signal,
      listTools: () => tools.listRecorded().tools,
    });
    await network.close();
    await key.close();
    const { end, reason, failure, usage, stderr, session, check } = ended;
    const answer = ended.messages.at(-1) ?? "";
    return { end, reason, failure, usage, session, check, answer, ...tools.listRecorded(), transcript: transcript.end(reason, stderr) };
  } finally {
    ignoreInterrupt?.();
    tools.close();
    for (const each of opened) await each.close();
  }
};

type SessionPlace = WorkPlace & {
  readonly transcript: ReturnType<typeof openAgentTranscript>;
  readonly toolSet: ToolSet;
  /** The agent's own variables. */
  readonly variables: AgentVariables;
  /** See LimitedNetwork.proxyVariables. */
  readonly proxyVariables: AgentVariables;
  /** See AgentResolution.login. */
  readonly login: LoginFiles;
  readonly relay: NetworkRelay | null;
  readonly readLimitWords: () => string;
  readonly interrupt: AbortSignal;
  /** What Enki's tools recorded so far. */
  readonly listTools: () => readonly RecordedCommand[];
};

type PlayedSession = AgentEnd & { readonly session: KeptSession | null; readonly check: WorkCheck | null };

const playSession = async (host: StepHost, spec: JobSpec, place: SessionPlace): Promise<PlayedSession> => {
  const { texts, sandbox, transcript, toolSet, variables, login, relay, readLimitWords, interrupt } = place;
  await sandbox.give(toJobPaths(host.temp).socket);
  const home = await sandbox.createHome();
  const canEdit = mayEdit(spec);
  const mcpServer = createMcpCommand(host, spec, { toolSet, canEdit });
  const rights = { canEdit, tools: spec.tools, mcpServer };
  const env = prepareAgentEnv(host.env, spec, { variables, home, texts });
  const { agent, model, maxCostUsd, timeoutMs } = spec;
  const cwd = host.workspace;
  const found = findPreset(agent);
  const kept = { found, env, home, cwd, readFile: sandbox.readFile, listFiles: sandbox.listFiles, writeFile: sandbox.writeFile };
  const session = spec.interrupted?.session;
  const resume = session ? await restoreSession({ ...kept, session }) : null;
  const settings = { ...rights, agent, env, home, model, maxCostUsd, login, writeFile: sandbox.writeFile };
  const { check, ...turns } = openTurns(host, spec, { ...place, home, settings });
  const end = await runAgent({
    ...rights,
    ...(await resolveAgent({ ...settings, ...(resume !== null && { resume }) })),
    ...(resume !== null && { resume: { id: resume, prompt: renderJobPrompt(host, toContinuedSpec(spec), texts) } }),
    cwd,
    sandbox,
    ...(relay && { relay }),
    prompt: renderJobPrompt(host, spec, texts),
    report: writesReport(spec) ? texts.report : null,
    timeoutMs,
    idleMs: agent.idleMs,
    after: host.after,
    now: host.now,
    readLimitWords,
    interrupt,
    ...turns,
    onUpdate: transcript.update,
    onPermission: transcript.permission,
  });
  return {
    ...end,
    check: check?.result() ?? null,
    session: spec.keepsSession === true ? await readKeptSession({ ...kept, end, secrets: listSecrets(host, spec) }) : null,
  };
};

/** How a headless agent continues its session in another process; null if the money of the attempt is spent. */
const continueSession = async (settings: AgentResolution, spent: number): Promise<ResolvedAgent | null> => {
  const { agent, maxCostUsd } = settings;
  if (maxCostUsd === undefined) return resolveAgent({ ...settings, isHomeUsed: true });
  if (spent >= maxCostUsd) return null;
  const limitsSession = findPreset(agent)?.preset.sessionTotals.cost === true;
  return resolveAgent({ ...settings, maxCostUsd: limitsSession ? maxCostUsd : maxCostUsd - spent, isHomeUsed: true });
};

type TurnsPlace = SessionPlace & { readonly home: string; readonly settings: AgentResolution };
type SessionTurns = Pick<AgentRun, "onTurnEnd" | "continueWith"> & { readonly check: ReturnType<typeof openWorkCheck> };

/** What follows a turn of the agent: a check of its work, and a correction in the same session. */
const openTurns = (host: StepHost, spec: JobSpec, { settings, ...place }: TurnsPlace): SessionTurns => {
  const isHeadless = findPreset(spec.agent)?.protocol === "headless";
  const check = openWorkCheck(host, spec, {
    ...place,
    openSandbox: place.sandbox.beside,
    hasWork: (answer) => hasWorkToCheck(spec, { answer, tools: place.listTools() }),
  });
  const continueWith: AgentRun["continueWith"] = (id, { costUsd }) => continueSession({ ...settings, resume: id }, costUsd ?? 0);
  return { check, ...(check && { onTurnEnd: check.endTurn, ...(isHeadless && { continueWith }) }) };
};

/** The spec for a prompt in the interrupted attempt's own session, whose transcript the agent has. */
const toContinuedSpec = ({ interrupted, ...spec }: JobSpec): JobSpec => ({
  ...spec,
  ...(interrupted && { interrupted: { ...interrupted, transcriptEnd: "", isContinued: true } }),
});

/** The agent, its protocol and its model, for the head of a transcript. */
const describeAgent = ({ agent, model }: JobSpec): string => {
  const found = findPreset(agent);
  const name = found === null ? (agent.command ?? "agent") : `${found.preset.label} (${found.protocol})`;
  return model === null ? name : `${name}, model ${model}`;
};

const createMcpCommand = (
  { node, cli, temp }: StepHost,
  spec: JobSpec,
  { toolSet, canEdit }: { readonly toolSet: ToolSet; readonly canEdit: boolean },
): McpServerCommand => ({
  command: node,
  args: [cli, "mcp", "--role", toolSet, ...(canEdit ? [] : ["--no-edit"]), "--task", formatTaskName(spec)],
  env: { ENKI_SOCKET: toJobPaths(temp).socket },
});

const formatTaskName = ({ execution, step }: JobSpec): string => `${execution}-${step?.id ?? "plan"}`;
