import type { AgentUpdate } from "./message-collector.ts";
import { listRecords, readRecord, readText } from "./read-fields.ts";

/** A tool call as people read it. */
export type ReadableCall = {
  /** The agent's own name of the tool. */
  readonly name: string;
  /** The command, path or input; empty without any. */
  readonly input: string;
};

export type CallNews =
  | { readonly kind: "started"; readonly call: ReadableCall }
  | { readonly kind: "ended"; readonly call: ReadableCall; readonly failed: boolean; readonly result: string };

type CallUpdate = Extract<AgentUpdate, { sessionUpdate: "tool_call" | "tool_call_update" }>;
type OpenCall = { name: string | null; kind: string | null; title: string; input: unknown; content: unknown; isTold: boolean };

const MAX_INPUT_CHARS = 2_000;
/** Beyond this number, the oldest calls are forgotten. */
const MAX_OPEN_CALLS = 1_000;

const IDENTIFIER = /^[\w./:-]{1,100}$/;
/** Gemini CLI begins the id of a call with the tool's name. */
const NAMED_ID = /^([a-z][a-z0-9_]*?)__/;

type NamedCall = Pick<CallUpdate, "toolCallId" | "title" | "_meta">;

const findName = (call: NamedCall, isFirst: boolean): string | null => {
  const { name } = call as { readonly name?: unknown };
  const claude = readRecord(call._meta?.["claudeCode"]);
  const [, named = null] = NAMED_ID.exec(call.toolCallId) ?? [];
  const title = isFirst && call.title && IDENTIFIER.test(call.title) ? call.title : null;
  return readText(name) ?? readText(claude["toolName"]) ?? named ?? title;
};

const TARGET_FIELDS = ["command", "cmd", "file_path", "filePath", "path", "pattern", "query", "url"];

/** The most telling field of a call's input, or all of them. */
const formatInput = (input: unknown): string => {
  const fields = readRecord(input);
  const target = TARGET_FIELDS.map((name) => fields[name]).find((value) => typeof value === "string" || Array.isArray(value));
  if (typeof target === "string") return target.slice(0, MAX_INPUT_CHARS);
  if (Array.isArray(target)) return target.join(" ").slice(0, MAX_INPUT_CHARS);
  const own = readRecord(fields["arguments"]);
  const shown = Object.keys(own).length > 0 ? own : fields;
  const { server: _, tool: __, arguments: ___, ...rest } = shown;
  return Object.keys(rest).length === 0 ? "" : JSON.stringify(rest).slice(0, MAX_INPUT_CHARS);
};

const toReadable = ({ name, kind, title, input }: OpenCall): ReadableCall => {
  const known = name ?? kind ?? "tool";
  const shown = formatInput(input);
  return { name: known, input: shown === "" && title !== known ? title : shown };
};

/** A call for which an agent asks permission. */
export const describeToolCall = (call: NamedCall & Pick<CallUpdate, "kind" | "rawInput">): ReadableCall =>
  toReadable({
    name: findName(call, true),
    kind: call.kind ?? null,
    title: call.title ?? "",
    input: call.rawInput,
    content: null,
    isTold: true,
  });

const listTexts = (content: unknown): string[] =>
  listRecords(content).flatMap((part) => readText(part["text"]) ?? readText(readRecord(part["content"])["text"]) ?? []);

const RESULT_FIELDS = ["output", "aggregated_output", "error", "message"];

/** The text of a call's result, in whichever of the agents' forms. */
const formatResult = (output: unknown, content: unknown): string => {
  if (typeof output === "string") return output;
  const listed = listTexts(output);
  if (listed.length > 0) return listed.join("\n");
  const fields = readRecord(output);
  const text = RESULT_FIELDS.map((name) => readText(fields[name])).find((each) => each !== null && each !== "");
  if (text !== undefined && text !== null) return text;
  const nested = listTexts(readRecord(fields["result"])["content"]);
  return (nested.length > 0 ? nested : listTexts(content)).join("\n");
};

/** Follows the tool calls of a session: each is reported once when it starts, and once when it ends. */
export const openCallReader = () => {
  const calls = new Map<string, OpenCall>();
  const merge = (update: CallUpdate): OpenCall => {
    const known = calls.get(update.toolCallId) ?? { name: null, kind: null, title: "", input: null, content: null, isTold: false };
    const oldest = calls.size >= MAX_OPEN_CALLS ? calls.keys().next().value : undefined;
    if (oldest !== undefined) calls.delete(oldest);
    const merged = {
      name: known.name ?? findName(update, update.sessionUpdate === "tool_call"),
      kind: update.kind ?? known.kind,
      title: update.title ?? known.title,
      input: formatInput(update.rawInput) === "" ? known.input : update.rawInput,
      content: update.content ?? known.content,
      isTold: known.isTold,
    };
    calls.set(update.toolCallId, merged);
    return merged;
  };
  return (update: CallUpdate): CallNews[] => {
    const open = merge(update);
    const ended = update.status === "completed" || update.status === "failed";
    // Some agents announce a call before its input is known.
    const starts = !open.isTold && (ended || formatInput(open.input) !== "" || update.status === "in_progress");
    const call = toReadable(open);
    if (starts) open.isTold = true;
    if (ended) calls.delete(update.toolCallId);
    return [
      ...(starts ? [{ kind: "started", call } as const] : []),
      ...(ended
        ? [{ kind: "ended", call, failed: update.status === "failed", result: formatResult(update.rawOutput, open.content) } as const]
        : []),
    ];
  };
};
