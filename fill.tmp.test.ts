import { readFileSync, writeFileSync } from "node:fs";
import { test } from "vitest";
import { TABLES } from "./test/support/document-tables.ts";
test("fill", () => { for (const [file, mark, table] of TABLES) { if (file !== "docs/architecture.md") continue; const t = readFileSync(file, "utf8"); writeFileSync(file, t.replace(new RegExp(`<!-- ${mark} -->\n[^]*?<!-- /${mark} -->`), () => `<!-- ${mark} -->\n\n${table()}\n\n<!-- /${mark} -->`)); } });
