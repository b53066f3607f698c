import { checkGit } from "../git/version.ts";
import { app } from "./app.ts";
import { demo } from "./demo.ts";
import { local } from "./local.ts";
import { mcp } from "./mcp.ts";
import { rehearse } from "./rehearse.ts";
import { replay } from "./replay.ts";
import type { Terminal } from "./terminal.ts";

type Subcommand = {
  readonly usage: string;
  readonly summary: string;
  readonly run: (args: readonly string[], terminal: Terminal) => Promise<number>;
};

const SUBCOMMANDS: Readonly<Record<string, Subcommand>> = {
  app: { usage: "app [--port <port>] [--directory <path>]", summary: "the GitHub App as a service", run: app },
  demo: { usage: "demo [--once] [--json] [--agent <command>]", summary: "a whole story in a GitHub on this machine", run: demo },
  local: { usage: "local [--repo <path>] [--agent <command>]", summary: "a GitHub on this machine with your own repository", run: local },
  mcp: { usage: "mcp --role <tool set> [--no-edit] --task <id>", summary: "Enki's tools over stdio, for an agent", run: mcp },
  rehearse: { usage: "rehearse <file>", summary: "an ACP agent on stdio that plays a file and asks no model", run: rehearse },
  replay: { usage: "replay [<repository>]", summary: "decide every write of the ledger again and compare", run: replay },
};

const help = (): string =>
  [
    "enki: /enki fix … on an issue becomes landed pull requests",
    "",
    ...Object.values(SUBCOMMANDS).map(({ usage, summary }) => `  enki ${usage.padEnd(28)} ${summary}`),
    "",
  ].join("\n");

/** Runs a subcommand; gives the exit code: 0 well, 1 not, 2 for a call that cannot be understood. */
export const main = async (args: readonly string[], terminal: Terminal): Promise<number> => {
  const [name = "help", ...rest] = args;
  if (name === "help" || name === "--help" || name === "-h") {
    terminal.out(help());
    return 0;
  }
  const subcommand = SUBCOMMANDS[name];
  if (!subcommand) {
    terminal.err(`enki: there is no subcommand ${name}; see enki help\n`);
    return 2;
  }
  const refused = await checkGit();
  if (refused) {
    terminal.err(`enki: ${refused.refusal.why} ${refused.refusal.next}\n`);
    return 1;
  }
  try {
    return await subcommand.run(rest, terminal);
  } catch (error) {
    const { code, text } = explain(error);
    terminal.log(error instanceof Error ? (error.stack ?? "") : "");
    terminal.err(`enki ${name}: ${text}\n`);
    return code;
  }
};

/** What went wrong, in one sentence that helps. */
const explain = (error: unknown): { code: number; text: string } => {
  const text = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "EADDRINUSE")
    return { code: 1, text: "this port is in use; choose another with --port, or leave it out for any that is free" };
  return { code: code.startsWith("ERR_PARSE_ARGS") ? 2 : 1, text };
};
