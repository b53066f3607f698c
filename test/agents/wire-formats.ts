/** Wire formats of models: each reads a request's tools and results, and writes a reply as a stream of events. */

export type ModelReply = { readonly text: string } | { readonly tool: string; readonly input: Readonly<Record<string, unknown>> };

type ModelRequest = {
  /** The names of the tools in the request. */
  readonly tools: readonly string[];
  /** The results of the called tools, as text. */
  readonly results: readonly string[];
};

type Fields = Readonly<Record<string, unknown>>;
type StreamEvent = readonly [name: string | null, data: object | string];

export type WireFormat = {
  readonly path: RegExp;
  readonly read: (body: Fields) => ModelRequest;
  readonly write: (reply: ModelReply, id: string, model: string) => readonly StreamEvent[];
  /** The answer to a request without a stream. */
  readonly writeWhole: (reply: ModelReply, id: string, model: string) => object;
};

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
const list = (value: unknown): Fields[] => (Array.isArray(value) ? value.filter((each) => isFields(each)) : []);
const nested = (value: unknown, key: string): Fields => (isFields(value) && isFields(value[key]) ? value[key] : {});
const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value ?? null));

const INPUT_TOKENS = 10;
const OUTPUT_TOKENS = 5;

/** https://docs.anthropic.com/en/api/messages-streaming */
const anthropic: WireFormat = {
  path: /\/messages$/,
  read: ({ tools, messages }) => ({
    tools: list(tools).map(({ name }) => text(name)),
    results: list(messages)
      .flatMap(({ content }) => list(content))
      .filter(({ type }) => type === "tool_result")
      .map(({ content }) => text(content)),
  }),
  write: (reply, id, model) => {
    const message = anthropic.writeWhole(reply, id, model) as Fields;
    const isTool = "tool" in reply;
    const block = isTool ? { type: "tool_use", id: `toolu_${id}`, name: reply.tool, input: {} } : { type: "text", text: "" };
    const delta = isTool
      ? { type: "input_json_delta", partial_json: JSON.stringify(reply.input) }
      : { type: "text_delta", text: reply.text };
    const events = [
      { type: "message_start", message: { ...message, content: [], stop_reason: null } },
      { type: "content_block_start", index: 0, content_block: block },
      { type: "content_block_delta", index: 0, delta },
      { type: "content_block_stop", index: 0 },
      {
        type: "message_delta",
        delta: { stop_reason: message["stop_reason"], stop_sequence: null },
        usage: { output_tokens: OUTPUT_TOKENS },
      },
      { type: "message_stop" },
    ];
    return events.map((event): StreamEvent => [event.type, event]);
  },
  writeWhole: (reply, id, model) => ({
    id: `msg_${id}`,
    type: "message",
    role: "assistant",
    model,
    content:
      "tool" in reply
        ? [{ type: "tool_use", id: `toolu_${id}`, name: reply.tool, input: reply.input }]
        : [{ type: "text", text: reply.text }],
    stop_reason: "tool" in reply ? "tool_use" : "end_turn",
    stop_sequence: null,
    usage: { input_tokens: INPUT_TOKENS, output_tokens: OUTPUT_TOKENS, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 },
  }),
};

/** https://platform.openai.com/docs/api-reference/chat */
const openaiChat: WireFormat = {
  path: /\/chat\/completions$/,
  read: ({ tools, messages }) => ({
    tools: list(tools).map((each) => text(nested(each, "function")["name"])),
    results: list(messages)
      .filter(({ role }) => role === "tool")
      .map(({ content }) => text(content)),
  }),
  write: (reply, id, model) => {
    const base = { id: `c${id}`, object: "chat.completion.chunk", created: 1, model };
    const calls = "tool" in reply && { tool_calls: [{ index: 0, ...toChatCall(reply, id) }] };
    return [
      [null, { ...base, choices: [{ index: 0, delta: { role: "assistant", content: "text" in reply ? reply.text : "", ...calls } }] }],
      [null, { ...base, usage: CHAT_USAGE, choices: [{ index: 0, delta: {}, finish_reason: calls ? "tool_calls" : "stop" }] }],
      [null, "[DONE]"],
    ];
  },
  writeWhole: (reply, id, model) => {
    const message =
      "tool" in reply
        ? { role: "assistant", content: null, tool_calls: [toChatCall(reply, id)] }
        : { role: "assistant", content: reply.text };
    const choice = { index: 0, finish_reason: "tool" in reply ? "tool_calls" : "stop", message };
    return { id: `c${id}`, object: "chat.completion", created: 1, model, usage: CHAT_USAGE, choices: [choice] };
  },
};

const CHAT_USAGE = { prompt_tokens: INPUT_TOKENS, completion_tokens: OUTPUT_TOKENS, total_tokens: INPUT_TOKENS + OUTPUT_TOKENS };
const toChatCall = ({ tool, input }: Extract<ModelReply, { tool: string }>, id: string): object => ({
  id: `call_${id}`,
  type: "function",
  function: { name: tool, arguments: JSON.stringify(input) },
});

/** https://platform.openai.com/docs/api-reference/responses-streaming */
const openaiResponses: WireFormat = {
  path: /\/responses$/,
  read: ({ tools, input }) => ({
    tools: [...list(tools), ...list(input).flatMap(({ type, tools: more }) => (type === "additional_tools" ? list(more) : []))].flatMap(
      (each) => listResponseTools(each),
    ),
    results: list(input)
      .filter(({ type }) => text(type).endsWith("_call_output"))
      .map(({ output }) => text(output)),
  }),
  write: (reply, id, model) => {
    const response = openaiResponses.writeWhole(reply, id, model) as Fields;
    const [item = {}] = list(response["output"]);
    const events = [
      { type: "response.created", response: { ...response, status: "in_progress", output: [] } },
      { type: "response.output_item.added", output_index: 0, item: { ...item, status: "in_progress" } },
      { type: "response.output_item.done", output_index: 0, item },
      { type: "response.completed", response },
    ];
    return events.map((event, at): StreamEvent => [event.type, { ...event, sequence_number: at }]);
  },
  writeWhole: (reply, id, model) => {
    const [name = "", namespace] = "tool" in reply ? reply.tool.split("/").toReversed() : [];
    const item =
      "tool" in reply && namespace === NESTED
        ? { type: "custom_tool_call", id: `ctc_${id}`, call_id: `call_${id}`, name: "exec", input: toNestedCall(name, reply.input) }
        : "tool" in reply
          ? { type: "function_call", id: `fc_${id}`, call_id: `call_${id}`, name, namespace, arguments: JSON.stringify(reply.input) }
          : { type: "message", id: `msg_${id}`, role: "assistant", content: [{ type: "output_text", text: reply.text, annotations: [] }] };
    return {
      id: `resp_${id}`,
      object: "response",
      created_at: 1,
      model,
      status: "completed",
      output: [{ ...item, status: "completed" }],
      usage: {
        input_tokens: INPUT_TOKENS,
        input_tokens_details: { cached_tokens: 0 },
        output_tokens: OUTPUT_TOKENS,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: INPUT_TOKENS + OUTPUT_TOKENS,
      },
    };
  },
};

/** The tool in which Codex's newer models call other tools by JavaScript. */
const NESTED = "exec";
const toNestedCall = (name: string, input: object): string => `text(JSON.stringify(await tools.${name}(${JSON.stringify(input)})))`;

/** Lists the names of a tool: a namespace represents an MCP server, and `exec` declares the tools inside it. */
const listResponseTools = ({ name, type, tools, description }: Fields): string[] => {
  if (name === "exec")
    return [...text(description).matchAll(/declare const tools: \{ (\w+)\(/g)].map(([, nested = ""]) => `${NESTED}/${nested}`);
  if (!Array.isArray(tools)) return [text(name ?? type)];
  return list(tools).flatMap((each) =>
    each["name"] === "exec" ? listResponseTools(each) : [name === "functions" ? text(each["name"]) : `${text(name)}/${text(each["name"])}`],
  );
};

/** https://ai.google.dev/api/generate-content */
const gemini: WireFormat = {
  path: /:(?:streamG|g)enerateContent$/,
  read: ({ tools, contents }) => ({
    tools: list(tools)
      .flatMap(({ functionDeclarations }) => list(functionDeclarations))
      .map(({ name }) => text(name)),
    results: list(contents)
      .flatMap(({ parts }) => list(parts))
      .filter(({ functionResponse }) => functionResponse !== undefined)
      .map(({ functionResponse }) => text(nested({ functionResponse }, "functionResponse")["response"])),
  }),
  write: (reply, id, model) => [[null, gemini.writeWhole(reply, id, model)]],
  writeWhole: (reply, _, model) => {
    const parts = "tool" in reply ? [{ functionCall: { name: reply.tool, args: reply.input } }] : [{ text: reply.text }];
    return {
      candidates: [{ content: { role: "model", parts }, finishReason: "STOP", index: 0 }],
      usageMetadata: {
        promptTokenCount: INPUT_TOKENS,
        candidatesTokenCount: OUTPUT_TOKENS,
        totalTokenCount: INPUT_TOKENS + OUTPUT_TOKENS,
      },
      modelVersion: model,
    };
  },
};

export const WIRE_FORMATS: readonly WireFormat[] = [anthropic, openaiChat, openaiResponses, gemini];
