import { fileSchema, roleSchema } from "../config/schema.ts";
import { toJsonSchema } from "../config/schema-node.ts";
import { nearest } from "../model/nearest.ts";
import { frontMatterSchema } from "../workflow/schema.ts";
import { readWords, UsageError } from "./options.ts";
import type { Terminal } from "./terminal.ts";

const SCHEMAS = {
  role: { title: "A role of Enki: .enki/roles/<any name>.toml", schema: roleSchema },
  workflow: { title: "The front matter of a workflow of Enki: .enki/workflows/<name>.md", schema: frontMatterSchema },
  config: { title: "Enki's configuration: .enki/enki.toml", schema: fileSchema },
} as const;

/** `enki schema <role|workflow|config>`: JSON Schema for editors, of what is read by. */
export const schema = (args: readonly string[], terminal: Terminal): Promise<number> => {
  const [name = ""] = readWords(args, 1);
  const names = Object.keys(SCHEMAS);
  const known = Object.entries(SCHEMAS).find(([each]) => each === name);
  if (!known) {
    const meant = nearest(name, names);
    throw new UsageError(name === "" || meant === null ? `of what? One of ${names.join(", ")}` : `did you mean enki schema ${meant}?`);
  }
  const [, { title, schema: of }] = known;
  terminal.out(`${JSON.stringify({ title, ...toJsonSchema(of) }, null, 2)}\n`);
  return Promise.resolve(0);
};
