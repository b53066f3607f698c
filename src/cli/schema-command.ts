import { configFileSchema, roleFileSchema } from "../core/config/config-schema.ts";
import { toJsonSchema } from "../core/config/schema-node.ts";
import { findNearestWord } from "../core/domain/nearest-word.ts";
import { frontMatterSchema } from "../core/workflow/front-matter-schema.ts";
import { readWords, UsageError } from "./command-options.ts";
import { agentScriptSchema } from "./scripted-agent/agent-script.ts";
import type { TerminalHost } from "./terminal-host.ts";

const EDITOR_SCHEMAS = {
  role: { title: "An Enki role: .enki/roles/<any name>.toml", schema: roleFileSchema },
  workflow: { title: "The front matter of an Enki workflow: .enki/workflows/<name>.md", schema: frontMatterSchema },
  rehearsal: { title: "An Enki rehearsal: the file that `enki rehearse` plays", schema: agentScriptSchema },
  config: { title: "Enki's configuration: .enki/enki.toml", schema: configFileSchema },
} as const;

/** `enki schema <role|workflow|rehearsal|config>`: prints the JSON Schema for editors. */
export const runSchemaCommand = (args: readonly string[], terminal: TerminalHost): Promise<number> => {
  const [name = ""] = readWords(args, 1);
  const names = Object.keys(EDITOR_SCHEMAS);
  const known = Object.entries(EDITOR_SCHEMAS).find(([each]) => each === name);
  if (!known) {
    const meant = findNearestWord(name, names);
    throw new UsageError(name === "" || meant === null ? `name a schema: ${names.join(", ")}` : `did you mean enki schema ${meant}?`);
  }
  const [, { title, schema: of }] = known;
  terminal.out(`${JSON.stringify({ title, ...toJsonSchema(of) }, null, 2)}\n`);
  return Promise.resolve(0);
};
