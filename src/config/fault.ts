import type { z } from "zod";

/** A mistake in a file that people write: where it is, what it is, and what to write instead. */
export type ConfigFault = {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly code: string;
  readonly why: string;
  readonly suggestion: string;
};

/** The line and column, from 1, where a key is written in a TOML text; the nearest enclosing one when it is not written. */
export const locate = (text: string, path: readonly PropertyKey[]): { line: number; column: number } => {
  const keys = path.filter((key) => typeof key === "string");
  const lines = text.split("\n");
  let table: readonly string[] = [];
  let best = { line: 1, column: 1, depth: 0 };
  for (const [index, line] of lines.entries()) {
    const header = /^\s*\[+\s*([^\]]+?)\s*\]+/.exec(line)?.[1];
    if (header !== undefined) table = header.split(".").map((part) => part.trim().replace(/^"|"$/g, ""));
    const key = header === undefined ? /^\s*("?)([\w-]+)\1\s*(?:=|\.)/.exec(line)?.[2] : undefined;
    const here = key === undefined ? table : [...table, key];
    const depth = here.length;
    if (depth > best.depth && depth <= keys.length && here.every((part, at) => part === keys[at])) {
      best = { line: index + 1, column: line.length - line.trimStart().length + 1, depth };
    }
  }
  return { line: best.line, column: best.column };
};

/** A schema's complaint as faults, one for each unknown key. */
export const toFaults = (file: string, text: string, error: z.ZodError): ConfigFault[] =>
  error.issues.flatMap((issue): ConfigFault[] => {
    if (issue.code !== "unrecognized_keys") {
      const name = issue.path.map(String).join(".");
      const missing = issue.code === "invalid_type" && issue.input === undefined && issue.message.includes("undefined");
      const code = missing ? "missing-key" : "bad-value";
      return [
        {
          file,
          ...locate(text, issue.path),
          code,
          why: `${name}: ${issue.message}`,
          suggestion: missing ? `add ${name} = …` : "see `enki schema config`",
        },
      ];
    }
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      return {
        file,
        ...locate(text, path),
        code: "unknown-key",
        why: `unknown key ${path.map(String).join(".")}`,
        suggestion: "remove it, or see `enki schema config`",
      };
    });
  });
