import { serveTools } from "./tools/serve-tools.ts";
import { type LoginFiles, readLoginFiles } from "./agent/agent-login.ts";
import { selectAgentVariables } from "./agent/agent-variables.ts";
import { resolveAgent } from "./agent/resolve-agent.ts";
import type { McpServerCommand } from "./agent/agent-preset.ts";
import type { AgentVariables } from "./agent/key-route.ts";
import { type KeptSession, readKeptSession, restoreSession } from "./agent/kept-session.ts";
import { type AgentEnd, runAgent } from "./agent/run-agent.ts";
import type { ToolSet } from "../core/domain/tool-set.ts";
import { prepareAgentEnv, mayEdit, writesReport } from "./job-environment.ts";
import { renderJobPrompt } from "./job-prompt.ts";
import { type JobSpec, toJobPaths } from "./job-spec.ts";
import type { StepHost } from "./step-host.ts";
import { openJobTools } from "./job-tools.ts";
import { findPreset } from "./agent/find-preset.ts";
import { openAgentTranscript } from "./agent-transcript.ts";
import { limitNetwork } from "./network/limit-network.ts";
import type { NetworkRelay } from "./fence/job-fence.ts";
import { keepKeyOutside } from "./proxy/keep-key-outside.ts";
import { listSecrets, type WorkPlace, type WorkResult } from "./work-result.ts";

/**
 * Plays an agent's session with Enki's tools, with a proxy that keeps the model's key outside the agent, and with the network that the
 * policy allows.
 */
export const runAgentSession = async (host: StepHost, spec: JobSpec, place: WorkPlace): Promise<WorkResult> => {
  const tools = openJobTools(host, spec, mayEdit(spec) ? place.fence : null);
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
    const network = await limitNetwork(host, spec, { ...key, fence: place.fence, onNote: transcript.note });
    opened.push(network);
    const ended = await playSession(host, spec, {
      ...place,
      ...network,
      login,
      transcript,
      toolSet: tools.context.toolSet,
      readLimitWords: key.readLimitWords,
      interrupt: interrupt.signal,
    });
    await network.close();
    await key.close();
    const { end, reason, failure, usage, stderr, session } = ended;
    const answer = ended.messages.at(-1) ?? "";
    return { end, reason, failure, usage, session, answer, ...tools.listRecorded(), transcript: transcript.end(reason, stderr) };
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
  /** See AgentResolution.login. */
  readonly login: LoginFiles;
  readonly relay: NetworkRelay | null;
  readonly readLimitWords: () => string;
  readonly interrupt: AbortSignal;
};

type PlayedSession = AgentEnd & { readonly session: KeptSession | null };

const playSession = async (host: StepHost, spec: JobSpec, place: SessionPlace): Promise<PlayedSession> => {
  const { texts, fence, transcript, toolSet, variables, login, relay, readLimitWords, interrupt } = place;
  await fence.give(toJobPaths(host.temp).socket);
  const home = await fence.createHome();
  const canEdit = mayEdit(spec);
  const mcpServer = createMcpCommand(host, spec, { toolSet, canEdit });
  const rights = { canEdit, tools: spec.tools, mcpServer };
  const env = prepareAgentEnv(host.env, spec, { variables, home, texts });
  const { agent, model, maxCostUsd, timeoutMs } = spec;
  const cwd = host.workspace;
  const kept = { found: findPreset(agent), env, home, cwd, readFile: fence.readFile, writeFile: fence.writeFile };
  const session = spec.interrupted?.session;
  const resume = session ? await restoreSession({ ...kept, session }) : null;
  const settings = { ...rights, agent, env, home, model, maxCostUsd, login, writeFile: fence.writeFile };
  const end = await runAgent({
    ...rights,
    ...(await resolveAgent({ ...settings, ...(resume !== null && { resume }) })),
    ...(resume !== null && { resume: { id: resume, prompt: renderJobPrompt(host, toContinuedSpec(spec), texts) } }),
    cwd,
    fence,
    ...(relay && { relay }),
    prompt: renderJobPrompt(host, spec, texts),
    report: writesReport(spec) ? texts.report : null,
    timeoutMs,
    idleMs: agent.idleMs,
    after: host.after,
    now: host.now,
    readLimitWords,
    interrupt,
    onUpdate: transcript.update,
    onPermission: transcript.permission,
  });
  return { ...end, session: spec.keepsSession === true ? await readKeptSession({ ...kept, end, secrets: listSecrets(host, spec) }) : null };
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
