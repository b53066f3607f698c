import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import {
  type AgentContext,
  type McpServer,
  methods,
  type RequestPermissionResponse,
  type ToolCallContent,
  type ToolKind,
} from "@agentclientprotocol/sdk";
import { takeLastChars } from "../../core/domain/visible-text.ts";
import type { ScriptAction } from "./agent-script.ts";
import { callMcpTool } from "./call-mcp-tool.ts";

export type ActorSession = {
  readonly client: AgentContext;
  readonly sessionId: string;
  readonly cwd: string;
  readonly server: McpServer | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly exit: (code: number) => never;
};

/** Most characters that an agent quotes from the end of the failure text when giving up. */
const MAX_REASON_CHARS = 500;

type ScriptedCall = { readonly id: string; readonly title: string; readonly kind: ToolKind };

/** Plays acts in order through ACP. Returns false if the agent gives up. */
export const playActions = async (stage: ActorSession, acts: readonly ScriptAction[]): Promise<boolean> => {
  let calls = 0;
  for (const act of acts) {
    if ("say" in act) await sendMessage(stage, act.say);
    else if ("crash" in act) stage.exit(act.crash);
    else if ("hang" in act) await new Promise(() => undefined);
    else {
      const call = { id: `call-${(calls += 1)}`, ...describeCall(act) };
      const { stopsScript, text } = await reportCall(stage, call, () => performAction(stage, act, call));
      if (!stopsScript) continue;
      await sendMessage(stage, `I give up: ${call.title} did not work: ${takeLastChars(text.trim(), MAX_REASON_CHARS)}`);
      return false;
    }
  }
  return true;
};

type CallAction = Exclude<ScriptAction, { say: string } | { crash: number } | { hang: true }>;

const describeCall = (act: CallAction): Omit<ScriptedCall, "id"> => {
  if ("read" in act) return { title: `read ${act.read}`, kind: "read" };
  if ("write" in act) return { title: `write ${act.write}`, kind: "edit" };
  if ("edit" in act) return { title: `edit ${act.edit}`, kind: "edit" };
  if ("run" in act) return { title: `run ${act.run.split("\n")[0] ?? ""}`, kind: "execute" };
  return { title: `call ${act.tool}`, kind: "other" };
};

export const sendMessage = ({ client, sessionId }: ActorSession, text: string): Promise<void> =>
  client.notify(methods.client.session.update, {
    sessionId,
    update: { sessionUpdate: "agent_message_chunk", content: { type: "text", text: `${text}\n` } },
  });

/** Announces a call, performs it and reports the result. A refused call is reported as failed, and the play continues. */
const reportCall = async (stage: ActorSession, { id, title, kind }: ScriptedCall, work: () => Promise<CallResult>): Promise<CallResult> => {
  const { client, sessionId } = stage;
  const tell = (update: object): Promise<void> => client.notify(methods.client.session.update, { sessionId, update } as never);
  await tell({ sessionUpdate: "tool_call", toolCallId: id, title, kind, status: "in_progress" });
  const done = await work().catch((error: unknown): CallResult => ({
    text: error instanceof Error ? error.message : String(error),
    failed: true,
    stopsScript: false,
  }));
  const content: ToolCallContent[] = [{ type: "content", content: { type: "text", text: done.text } }];
  await tell({ sessionUpdate: "tool_call_update", toolCallId: id, status: done.failed ? "failed" : "completed", content });
  return done;
};

type CallResult = {
  readonly text: string;
  readonly failed: boolean;
  /** Whether the script stops here. */ readonly stopsScript: boolean;
};

const performAction = async (stage: ActorSession, act: CallAction, call: ScriptedCall): Promise<CallResult> => {
  if ("tool" in act) {
    const answer = await callMcpTool(stage.server, stage.cwd, act);
    return { ...answer, stopsScript: answer.failed && act.must };
  }
  if ("read" in act) return { text: await readWorkspaceFile(stage, act.read), failed: false, stopsScript: false };
  if (!(await requestPermission(stage, call, "run" in act ? null : "write" in act ? act.write : act.edit)))
    return { text: "not allowed", failed: true, stopsScript: false };
  if ("run" in act) return runScriptCommand(stage, act);
  const path = "write" in act ? act.write : act.edit;
  await writeWorkspaceFile(stage, path, "write" in act ? act.content : replaceOnce(await readWorkspaceFile(stage, path), act));
  return { text: `changed ${path}`, failed: false, stopsScript: false };
};

const replaceOnce = (content: string, { edit, find, replace }: Extract<ScriptAction, { edit: string }>): string => {
  const parts = content.split(find);
  if (parts.length !== 2) throw new Error(`the text to replace occurs ${parts.length - 1} times in ${edit}`);
  return parts.join(replace);
};

const requestPermission = async (
  { client, sessionId, cwd }: ActorSession,
  { id, title, kind }: ScriptedCall,
  path: string | null,
): Promise<boolean> => {
  const answer = await client.request<RequestPermissionResponse, object>(methods.client.session.requestPermission, {
    sessionId,
    toolCall: { toolCallId: id, title, kind, ...(path !== null && { locations: [{ path: resolve(cwd, path) }] }) },
    options: [
      { optionId: "yes", name: "Allow", kind: "allow_once" },
      { optionId: "no", name: "Reject", kind: "reject_once" },
    ],
  });
  return answer.outcome.outcome === "selected" && answer.outcome.optionId === "yes";
};

const readWorkspaceFile = ({ cwd }: ActorSession, path: string): Promise<string> => readFile(resolve(cwd, path), "utf8");

const writeWorkspaceFile = async ({ cwd }: ActorSession, path: string, content: string): Promise<void> => {
  const file = resolve(cwd, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
};

const MAX_COMMAND_OUTPUT_CHARS = 10_000;

const runScriptCommand = ({ cwd, env }: ActorSession, act: Extract<ScriptAction, { run: string }>): Promise<CallResult> =>
  new Promise((done) => {
    const child = spawn("bash", ["-c", act.run], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    const hear = (chunk: string): void => void (text = (text + chunk).slice(-MAX_COMMAND_OUTPUT_CHARS));
    child.stdout.setEncoding("utf8").on("data", hear);
    child.stderr.setEncoding("utf8").on("data", hear);
    child.on("error", (error) => done({ text: error.message, failed: true, stopsScript: !act.try }));
    child.on("close", (code) =>
      done({ text: `${text}(exit code ${code ?? "none"})`, failed: code !== 0, stopsScript: code !== 0 && !act.try }),
    );
  });
