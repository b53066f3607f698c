import { READ_ONLY_REFUSAL } from "../core/messages/refusals/tools.ts";
import { readConfig } from "../core/config/read-config.ts";
import { readConfigLayers } from "../storage/config/config-layers.ts";
import { relayTools } from "../job/tools/relay-tools.ts";
import { serveStdio } from "../job/tools/serve-streams.ts";
import type { ToolContext } from "../job/tools/mcp-tool.ts";
import { createFileEditor } from "../job/tools/file-editor.ts";
import { emptyLedger } from "../core/domain/ledger.ts";
import type { ToolSet } from "../core/domain/tool-set.ts";
import { listExecutionViews } from "../core/domain/execution-view.ts";
import { readOptions, UsageError } from "./command-options.ts";
import { readLocalLedger } from "./local-ledger.ts";
import type { TerminalHost } from "./terminal-host.ts";

const TOOL_SETS: readonly ToolSet[] = ["planner", "worker", "merger", "sidecar"];
export const mcpOptions = {
  role: { type: "string", value: "<tool set>", about: `which tools: ${TOOL_SETS.join(", ")}` },
  "no-edit": { type: "boolean", default: false, about: "leaves out the editing tool" },
  task: { type: "string", default: "", value: "<id>", about: "the task or execution to report on" },
} as const;

/**
 * `enki mcp`: Enki's tools over stdio. In a job, the command relays calls to the job's tools; elsewhere, the command checks every call and
 * changes nothing.
 */
export const runMcpCommand = async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
  const { stdin, stdout, env } = terminal;
  const values = readOptions(args, mcpOptions);
  const toolSet = TOOL_SETS.find((each) => each === values.role);
  if (!toolSet) throw new UsageError(`--role must be one of ${TOOL_SETS.join(", ")}`);
  const socket = env["ENKI_SOCKET"] ?? "";
  if (socket !== "") await relayTools({ socket, stdin, stdout });
  else
    await serveStdio({
      context: await createReadOnlyContext(terminal, { toolSet, noEdit: values["no-edit"], task: values.task }),
      stdin,
      stdout,
    });
  return 0;
};

type McpCommandInput = { readonly toolSet: ToolSet; readonly noEdit: boolean; readonly task: string };

/** The tools' view of the repository in the working directory. */
const createReadOnlyContext = async (terminal: TerminalHost, { toolSet, noEdit, task }: McpCommandInput): Promise<ToolContext> => {
  const { config } = readConfig(await readConfigLayers([terminal.root, `${terminal.cwd}/.enki`]));
  const look = createFileEditor(terminal.cwd);
  const ledger = (await readLocalLedger(terminal)) ?? emptyLedger;
  return {
    toolSet,
    canEdit: !noEdit,
    roles: config.roles,
    maxSteps: config.plan.maxSteps,
    job: null,
    ownExecution: task.split("-")[0] ?? "",
    executions: listExecutionViews(ledger),
    backlog: ledger.backlog,
    mail: null,
    record: null,
    countTaskCreations: () => 0,
    editFile: (path, edits) => (edits === null ? look(path, null) : Promise.resolve({ refused: READ_ONLY_REFUSAL })),
  };
};
