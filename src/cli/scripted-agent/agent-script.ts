import { parse, TomlError } from "smol-toml";
import { z } from "zod";
import { toConfigFaults } from "../../core/config/config-fault.ts";
import { TIERS } from "../../core/domain/plan.ts";
import { accept, refuse, type Result } from "../../core/domain/refusal.ts";

const ACTION_FORMS = "say · read · write, content · edit, find, replace · run (try) · tool (arguments, must) · crash · hang";

const actionSchema = z.union(
  [
    z.strictObject({ say: z.string() }).describe("says a text"),
    z.strictObject({ read: z.string() }).describe("reads a file of the workspace"),
    z.strictObject({ write: z.string(), content: z.string() }).describe("writes a file of the workspace"),
    z
      .strictObject({ edit: z.string(), find: z.string().min(1), replace: z.string() })
      .describe("replaces a text that the file holds exactly once"),
    z
      .strictObject({ run: z.string(), try: z.boolean().default(false) })
      .describe("runs a command in bash; if it fails, the agent gives up, or continues with `try = true`"),
    z
      .strictObject({ tool: z.string(), arguments: z.record(z.string(), z.unknown()).default({}), must: z.boolean().default(false) })
      .describe("calls one of Enki's tools; if it refuses, the agent continues, or gives up with `must = true`"),
    z.strictObject({ crash: z.int().min(1).max(255) }).describe("ends the process with this exit code"),
    z.strictObject({ hang: z.literal(true) }).describe("does nothing until the time limit of the attempt"),
  ],
  { error: `an act has the keys of one of: ${ACTION_FORMS}` },
);

export const sceneSchema = z.strictObject({
  role: z.string().optional().describe("a role's name, or a kind of job: `plan`, `work`, `resolve`"),
  step: z.string().optional().describe("the id of a step"),
  attempt: z.int().positive().optional().describe("the number of an attempt"),
  correction: z
    .int()
    .positive()
    .optional()
    .describe("the number of a correction within an attempt, after verify commands failed in its own job"),
  act: z.array(actionSchema).default([]).describe("the acts of the scene in order; a scene without acts is a silent agent"),
});

/** A rehearsal's file, as written by people. */
export const agentScriptSchema = z.strictObject({
  title: z.string().describe("the name that the agent says at its start"),
  minutes: z
    .partialRecord(z.enum(TIERS), z.number().positive().max(360))
    .default({})
    .describe("with `enki demo`: the time limit of a tier's steps, in minutes"),
  review: z
    .strictObject({ path: z.string().min(1), find: z.string().min(1), body: z.string().min(1) })
    .optional()
    .describe("with `enki demo`: the maintainer's comment on the first line of a file that holds a text"),
  always: z.array(actionSchema).default([]).describe("acts before those of every scene"),
  scene: z
    .array(sceneSchema)
    .min(1)
    .describe("the scenes; the most specific match for a job is played: attempt outranks step, and step outranks role"),
});

export type AgentScript = z.output<typeof agentScriptSchema>;
export type ScriptAction = z.output<typeof actionSchema>;
export type SceneKey = {
  readonly kind: string;
  readonly role: string;
  readonly step: string;
  readonly attempt: number;
  readonly correction: number;
};

/** Rules between keys of an act are explained by the schema's message. */
const formatScriptFault = ({ issues: [issue] }: z.ZodError): string =>
  `${(issue?.path ?? []).map(String).join(".")}: ${issue?.message ?? ""}`;

/** Reads a script. Refusals, with file and line: `bad-toml`, `bad-play`. */
export const readAgentScript = (path: string, text: string): Result<AgentScript> => {
  try {
    const table = parse(text);
    const read = agentScriptSchema.safeParse(table);
    if (read.success) return accept(read.data);
    const [fault] = toConfigFaults({ path, text, table, schema: agentScriptSchema }, read.error);
    const line = findEntryLine(text, read.error.issues[0]?.path ?? []) ?? fault?.line ?? 1;
    return refuse("bad-play", `${path}:${line}: ${fault?.code === "unknown-key" ? fault.why : formatScriptFault(read.error)}`);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    return refuse("bad-toml", `${path}:${error.line}: ${error.message.split("\n")[0] ?? ""}`);
  }
};

/**
 * Returns the line of the innermost `[[scene]]`, `[[scene.act]]` or `[[always]]` header whose entry contains `path`. Returns null if no
 * header matches, for example for an inline entry.
 */
const findEntryLine = (text: string, path: readonly PropertyKey[]): number | null => {
  const seen = { always: -1, scene: -1, "scene.act": -1 };
  let found: number | null = null;
  for (const [index, line] of text.split("\n").entries()) {
    const [, name] = /^\s*\[\[\s*(always|scene|scene\.act)\s*\]\]/.exec(line) ?? [];
    if (name !== "always" && name !== "scene" && name !== "scene.act") continue;
    seen[name] += 1;
    if (name === "scene") seen["scene.act"] = -1;
    const here = name === "scene.act" ? ["scene", seen.scene, "act", seen["scene.act"]] : [name, seen[name]];
    // A parent matches first, and its entry replaces it.
    if (here.every((part, at) => part === path[at])) found = index + 1;
  }
  return found;
};

/** The most specific scene for a turn of a job; the first of equally specific scenes. */
export const findScene = ({ scene: scenes }: AgentScript, part: SceneKey): AgentScript["scene"][number] | null => {
  const weight = ({ role, step, attempt }: AgentScript["scene"][number]): number =>
    (attempt === undefined ? 0 : 4) + (step === undefined ? 0 : 2) + (role === undefined ? 0 : 1);
  const fitting = scenes.filter(
    ({ role, step, attempt, correction = 0 }) =>
      correction === part.correction &&
      (role === undefined || role === part.role || role === part.kind) &&
      (step === undefined || step === part.step) &&
      (attempt === undefined || attempt === part.attempt),
  );
  return fitting.toSorted((a, b) => weight(b) - weight(a))[0] ?? null;
};
