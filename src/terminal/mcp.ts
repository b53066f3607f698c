import { Duplex } from "node:stream";
import { parseArgs } from "node:util";
import { relayTools } from "../mcp/relay.ts";
import { serveStream } from "../mcp/serve.ts";
import type { ToolSet } from "../mcp/tools.ts";
import { readConfig } from "../config/read.ts";
import { readLayers } from "../layers.ts";
import type { Terminal } from "./terminal.ts";

const TOOL_SETS: readonly ToolSet[] = ["planner", "worker", "merger", "sidecar"];

/** `enki mcp`: Enki's tools over stdio. Inside a job a relay to it; without one a server that checks everything and changes nothing. */
export const mcp = async (args: readonly string[], terminal: Terminal): Promise<number> => {
  const { values } = parseArgs({
    args: [...args],
    options: { role: { type: "string" }, "no-edit": { type: "boolean", default: false }, task: { type: "string" } },
  });
  const toolSet = TOOL_SETS.find((each) => each === values.role);
  if (!toolSet) {
    terminal.err(`enki mcp: --role is one of ${TOOL_SETS.join(", ")}\n`);
    return 2;
  }
  const { stdin, stdout } = terminal;
  const socket = terminal.env["ENKI_SOCKET"];
  if (socket !== undefined && socket !== "") {
    await relayTools({ socket, stdin, stdout });
    return 0;
  }
  const { config } = readConfig(await readLayers([terminal.root, `${terminal.cwd}/.enki`]));
  const context = {
    toolSet,
    canEdit: !values["no-edit"],
    roles: config.roles,
    maxSteps: config.plan.maxSteps,
    execution: null,
    record: null,
    edit: null,
  };
  await serveStream(context, Duplex.from({ readable: stdin, writable: stdout }));
  return 0;
};
