import type { Config } from "../core/domain/config.ts";
import { toOneLine } from "../core/messages/escape.ts";
import { findLinkedWorkflow, type LinkedWorkflow } from "../core/workflow/link-workflow.ts";
import { findAgentCommand } from "./command-line.ts";
import { CommandError } from "./command-options.ts";
import { NO_VERIFY_MESSAGE } from "./copy-repository.ts";
import { formatBrokenConfig } from "./effective-layers.ts";
import type { RunRecord } from "./machine-records.ts";
import type { TerminalHost } from "./terminal-host.ts";

type RequestText = Pick<RunRecord, "request" | "workflow">;
const MAX_TITLE_CHARS = 100;

/** The title of the local issue. */
export const formatIssueTitle = ({ request, workflow }: RequestText): string =>
  toOneLine([workflow ?? "", request].filter((part) => part !== "").join(": "), MAX_TITLE_CHARS);

export const formatStartCommand = ({ request, workflow }: RequestText): string =>
  workflow === null ? `/enki fix ${request}` : `/enki run ${workflow} ${request}`.trimEnd();

/** The arguments of `enki run` for repeating the request. */
export const formatRepeatCall = ({ request, workflow }: RequestText): string =>
  [...(workflow === null ? [] : [`--workflow ${workflow}`]), ...(request === "" ? [] : [JSON.stringify(request)])].join(" ");

/** Checks in advance everything that would otherwise fail later. */
export const requireReady = async (
  terminal: TerminalHost,
  config: Config,
  { agent, workflow }: Pick<RunRecord, "agent" | "workflow">,
): Promise<void> => {
  if (config.broken !== null) throw new CommandError(formatBrokenConfig(config.broken));
  const flow = workflow === null ? null : requireWorkflow(config, workflow);
  if (config.refinery.verify.length === 0) throw new CommandError(NO_VERIFY_MESSAGE);
  if (agent || (flow && !needsAgents(flow))) return;
  const { planner, worker } = config.agents;
  for (const { command } of flow ? [worker] : [planner, worker]) if (command !== null) await findAgentCommand(terminal, `'${command}'`);
};

/** Whether the run gets as far as an agent, so that its key and its program are needed. */
export const needsPreparedAgents = (config: Config, workflow: string | null): boolean => {
  if (config.broken !== null || workflow === null) return config.broken === null;
  const found = findLinkedWorkflow(config, workflow);
  return found.ok && needsAgents(found.value.flow);
};

const requireWorkflow = (config: Config, name: string): LinkedWorkflow => {
  const found = findLinkedWorkflow(config, name);
  if (found.ok) return found.value.flow;
  throw new CommandError(found.refusal.message.replaceAll("`", ""));
};

const needsAgents = ({ all }: LinkedWorkflow): boolean =>
  [...all.values()].some(({ roles }) => roles.some(({ work }) => work.kind === "agent"));
