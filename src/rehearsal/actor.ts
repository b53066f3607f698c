import { spawn } from "node:child_process";
import { resolve } from "node:path";
import {
  type AgentContext,
  type McpServer,
  methods,
  type RequestPermissionResponse,
  type ToolCallContent,
  type ToolKind,
} from "@agentclientprotocol/sdk";
import type { Act } from "./play.ts";
import { callOver } from "./tools.ts";

export type Stage = {
  readonly client: AgentContext;
  readonly sessionId: string;
  readonly cwd: string;
  readonly server: McpServer | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly exit: (code: number) => never;
};

type Call = { readonly id: string; readonly title: string; readonly kind: ToolKind };

/** Plays acts one after the other, each through ACP; false where the agent gives up. */
export const playActs = async (stage: Stage, acts: readonly Act[]): Promise<boolean> => {
  let calls = 0;
  for (const act of acts) {
    if ("say" in act) await say(stage, act.say);
    else if ("crash" in act) stage.exit(act.crash);
    else if ("hang" in act) await new Promise(() => undefined);
    else {
      const call = { id: `call-${(calls += 1)}`, ...titleOf(act) };
      if (await withCall(stage, call, () => perform(stage, act, call))) continue;
      await say(stage, `I give up: ${call.title} did not work.`);
      return false;
    }
  }
  return true;
};

type Working = Exclude<Act, { say: string } | { crash: number } | { hang: true }>;

const titleOf = (act: Working): Omit<Call, "id"> => {
  if ("read" in act) return { title: `read ${act.read}`, kind: "read" };
  if ("write" in act) return { title: `write ${act.write}`, kind: "edit" };
  if ("edit" in act) return { title: `edit ${act.edit}`, kind: "edit" };
  if ("run" in act) return { title: `run ${act.run.split("\n")[0] ?? ""}`, kind: "execute" };
  return { title: `call ${act.tool}`, kind: "other" };
};

export const say = ({ client, sessionId }: Stage, text: string): Promise<void> =>
  client.notify(methods.client.session.update, {
    sessionId,
    update: { sessionUpdate: "agent_message_chunk", content: { type: "text", text: `${text}\n` } },
  });

/** Tells that a call begins, does it, and tells what came of it; false where the play cannot go on. What was not allowed is told as failed, and the play goes on. */
const withCall = async (stage: Stage, { id, title, kind }: Call, work: () => Promise<Done>): Promise<boolean> => {
  const { client, sessionId } = stage;
  const tell = (update: object): Promise<void> => client.notify(methods.client.session.update, { sessionId, update } as never);
  await tell({ sessionUpdate: "tool_call", toolCallId: id, title, kind, status: "in_progress" });
  const done = await work().catch((error: unknown): Done => ({
    text: error instanceof Error ? error.message : String(error),
    failed: true,
    end: false,
  }));
  const content: ToolCallContent[] = [{ type: "content", content: { type: "text", text: done.text } }];
  await tell({ sessionUpdate: "tool_call_update", toolCallId: id, status: done.failed ? "failed" : "completed", content });
  return !done.end;
};

type Done = { readonly text: string; readonly failed: boolean; /** True where the play cannot go on. */ readonly end: boolean };

const perform = async (stage: Stage, act: Working, call: Call): Promise<Done> => {
  if ("tool" in act) {
    const answer = await callOver(stage.server, stage.cwd, act);
    return { ...answer, end: answer.failed && act.must };
  }
  if ("read" in act) return { text: await read(stage, act.read), failed: false, end: false };
  if (!(await isAllowed(stage, call, "run" in act ? null : "write" in act ? act.write : act.edit)))
    return { text: "not allowed", failed: true, end: false };
  if ("run" in act) return run(stage, act);
  const path = "write" in act ? act.write : act.edit;
  await write(stage, path, "write" in act ? act.content : replaced(await read(stage, path), act));
  return { text: `changed ${path}`, failed: false, end: false };
};

const replaced = (content: string, { edit, find, replace }: Extract<Act, { edit: string }>): string => {
  const parts = content.split(find);
  if (parts.length !== 2) throw new Error(`${edit} holds the text to replace ${parts.length - 1} times`);
  return parts.join(replace);
};

const isAllowed = async ({ client, sessionId, cwd }: Stage, { id, title, kind }: Call, path: string | null): Promise<boolean> => {
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

const read = async ({ client, sessionId, cwd }: Stage, path: string): Promise<string> => {
  const { content } = await client.request<{ content: string }, object>(methods.client.fs.readTextFile, {
    sessionId,
    path: resolve(cwd, path),
  });
  return content;
};

const write = async ({ client, sessionId, cwd }: Stage, path: string, content: string): Promise<void> => {
  await client.request(methods.client.fs.writeTextFile, { sessionId, path: resolve(cwd, path), content });
};

const LONGEST = 10_000;

const run = ({ cwd, env }: Stage, act: Extract<Act, { run: string }>): Promise<Done> =>
  new Promise((done) => {
    const child = spawn("bash", ["-c", act.run], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    const hear = (chunk: string): void => void (text = (text + chunk).slice(-LONGEST));
    child.stdout.setEncoding("utf8").on("data", hear);
    child.stderr.setEncoding("utf8").on("data", hear);
    child.on("error", (error) => done({ text: error.message, failed: true, end: !act.try }));
    child.on("close", (code) => done({ text: `${text}(exit code ${code ?? "none"})`, failed: code !== 0, end: code !== 0 && !act.try }));
  });
