import { readConfig } from "../config/read.ts";
import { readLayers } from "../layers.ts";
import { relayTools } from "../mcp/relay.ts";
import { serveStdio } from "../mcp/serve.ts";
import type { ToolContext } from "../mcp/tool.ts";
import { editIn } from "../mcp/workspace.ts";
import { emptyLedger } from "../model/ledger.ts";
import { refuse } from "../model/refusal.ts";
import type { ToolSet } from "../model/rights.ts";
import { viewsOf } from "../model/views.ts";
import { readOptions, UsageError } from "./options.ts";
import { readOwnLedger } from "./read-ledger.ts";
import type { Terminal } from "./terminal.ts";

const TOOL_SETS: readonly ToolSet[] = ["planner", "worker", "merger", "sidecar"];
export const mcpOptions = {
  role: { type: "string", value: "<tool set>", about: `which tools: ${TOOL_SETS.join(", ")}` },
  "no-edit": { type: "boolean", default: false, about: "without the tool that edits" },
  task: { type: "string", default: "", value: "<id>", about: "the task, or its execution, that the tools tell of" },
} as const;

/** `enki mcp`: Enki's tools over stdio. Inside a job a relay to it; without one a server that checks everything and changes nothing. */
export const mcp = async (args: readonly string[], terminal: Terminal): Promise<number> => {
  const { stdin, stdout, env } = terminal;
  const values = readOptions(args, mcpOptions);
  const toolSet = TOOL_SETS.find((each) => each === values.role);
  if (!toolSet) throw new UsageError(`--role is one of ${TOOL_SETS.join(", ")}`);
  const socket = env["ENKI_SOCKET"] ?? "";
  if (socket !== "") await relayTools({ socket, stdin, stdout });
  else
    await serveStdio({
      context: await readOnlyContext(terminal, { toolSet, noEdit: values["no-edit"], task: values.task }),
      stdin,
      stdout,
    });
  return 0;
};

type Asked = { readonly toolSet: ToolSet; readonly noEdit: boolean; readonly task: string };

/** What the tools see of the repository in the working directory. */
const readOnlyContext = async (terminal: Terminal, { toolSet, noEdit, task }: Asked): Promise<ToolContext> => {
  const { config } = readConfig(await readLayers([terminal.root, `${terminal.cwd}/.enki`]));
  const look = editIn(terminal.cwd);
  const ledger = (await readOwnLedger(terminal)) ?? emptyLedger;
  return {
    toolSet,
    canEdit: !noEdit,
    roles: config.roles,
    maxSteps: config.plan.maxSteps,
    job: null,
    own: task.split("-")[0] ?? "",
    executions: viewsOf(ledger),
    backlog: ledger.backlog,
    mail: null,
    record: null,
    made: () => 0,
    edit: (path, edits) => (edits === null ? look(path, null) : Promise.resolve({ refused: READ_ONLY })),
  };
};

const READ_ONLY = refuse("read-only", "there is no job here: this tool changes nothing").refusal;
