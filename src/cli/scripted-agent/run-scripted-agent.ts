import { Readable, Writable } from "node:stream";
import { agent, type McpServer, methods, ndJsonStream, PROTOCOL_VERSION } from "@agentclientprotocol/sdk";
import { playActions, sendMessage, type ActorSession } from "./play-actions.ts";
import { findScene, type SceneKey, type AgentScript } from "./agent-script.ts";

export type ScriptedAgentOptions = {
  readonly play: AgentScript;
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly exit: (code: number) => never;
};

type ScriptSession = { readonly cwd: string; readonly server: McpServer | undefined; readonly turns: number };

/** An ACP agent that plays a file instead of asking a model, and announces so. Ends when its client disconnects. */
export const runScriptedAgent = async ({ play, stdin, stdout, env, exit }: ScriptedAgentOptions): Promise<void> => {
  const sessions = new Map<string, ScriptSession>();
  const part = readSceneKey(env);
  const app = agent({ name: "enki-rehearsal" })
    .onRequest(methods.agent.initialize, () => ({ protocolVersion: PROTOCOL_VERSION, agentCapabilities: {}, authMethods: [] }))
    .onRequest(methods.agent.session.new, ({ params }) => {
      const sessionId = `rehearsal-${sessions.size + 1}`;
      sessions.set(sessionId, { cwd: params.cwd, server: params.mcpServers[0], turns: 0 });
      return { sessionId };
    })
    .onNotification(methods.agent.session.cancel, () => exit(0))
    .onRequest(methods.agent.session.prompt, async ({ params, client }) => {
      const session = sessions.get(params.sessionId);
      if (!session) throw new Error(`there is no session ${params.sessionId}`);
      sessions.set(params.sessionId, { ...session, turns: session.turns + 1 });
      const scene = { ...part, correction: session.turns };
      const played = await playScene({ client, sessionId: params.sessionId, env, exit, ...session }, play, scene);
      return { stopReason: played ? ("end_turn" as const) : ("refusal" as const) };
    });
  const connection = app.connect(ndJsonStream(Writable.toWeb(stdout), Readable.toWeb(stdin) as ReadableStream<Uint8Array>));
  await connection.closed;
};

const readSceneKey = (env: ScriptedAgentOptions["env"]): Omit<SceneKey, "correction"> => ({
  kind: env["ENKI_KIND"] ?? "",
  role: env["ENKI_ROLE"] ?? "",
  step: env["ENKI_STEP"] ?? "",
  attempt: Number(env["ENKI_ATTEMPT"] ?? 1),
});

const playScene = async (stage: ActorSession, play: AgentScript, part: SceneKey): Promise<boolean> => {
  const scene = findScene(play, part);
  const silent = scene !== null && scene.act.length === 0;
  if (silent) return true;
  await sendMessage(stage, `This is a rehearsal (${play.title}): it calls no model.`);
  if (scene) return playActions(stage, [...play.always, ...scene.act]);
  await sendMessage(
    stage,
    `There is no scene for ${[part.kind, part.role, part.step].filter((name) => name !== "").join(" ")}, attempt ${part.attempt}${part.correction > 0 ? `, correction ${part.correction}` : ""}.`,
  );
  return true;
};
