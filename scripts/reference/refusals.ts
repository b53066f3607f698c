import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAst } from "rolldown/parseAst";
import { formatCode, formatPage } from "./markdown.ts";

type SyntaxNode = { readonly type: string; readonly [key: string]: unknown };
type PrintedRefusal = { readonly code: string; readonly message: string; readonly next: string | null };

const isNode = (value: unknown): value is SyntaxNode => typeof value === "object" && value !== null && "type" in value;

const listChildren = (node: SyntaxNode): SyntaxNode[] => Object.values(node).flat().filter(isNode);

const listCalls = (node: SyntaxNode): SyntaxNode[] => {
  const inner = listChildren(node).flatMap(listCalls);
  const { callee } = node;
  return node.type === "CallExpression" && isNode(callee) && callee["name"] === "refuse" ? [node, ...inner] : inner;
};

/** `{max steps}` for the parameter `maxSteps`; an ellipsis for an expression without a name. */
const formatPlaceholder = (node: SyntaxNode): string => {
  if (node.type === "Identifier") return `{${String(node["name"]).replaceAll(/[A-Z]/g, (capital) => ` ${capital.toLowerCase()}`)}}`;
  if (node.type === "MemberExpression" && isNode(node["property"])) return formatPlaceholder(node["property"]);
  const [first] = node.type === "CallExpression" ? [node["arguments"]].flat().filter(isNode) : [];
  return first ? formatPlaceholder(first) : "…";
};

const readTexts = (quasis: unknown): string[] =>
  [quasis]
    .flat()
    .filter(isNode)
    .map(({ value }) => (value as { readonly cooked: string }).cooked.replaceAll("\u200b", ""));

/** The text of a literal; null for other expressions. */
const readText = (node: SyntaxNode | undefined): string | null => {
  if (node?.type === "Literal") return String(node["value"]);
  if (node?.type === "Identifier") return formatPlaceholder(node);
  if (node?.type === "TemplateLiteral") {
    const gaps = [node["expressions"]].flat().filter(isNode).map(formatPlaceholder);
    return readTexts(node["quasis"])
      .map((text, at) => `${text}${gaps[at] ?? ""}`)
      .join("");
  }
  // A text whose end is trimmed.
  const callee = node?.["callee"];
  return isNode(callee) && isNode(callee["object"]) ? readText(callee["object"]) : null;
};

const readRefusal = (call: SyntaxNode): PrintedRefusal[] => {
  const [code, message, next] = [call["arguments"]].flat().filter(isNode);
  if (code?.type !== "Literal" || message === undefined) return [];
  return [
    {
      code: String(code["value"]),
      message: readText(message) ?? formatPlaceholder(message),
      next: next === undefined ? "/enki help" : readText(next),
    },
  ];
};

const listRefusals = (root: string): PrintedRefusal[] => {
  const directory = join(root, "src", "core", "messages");
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .sort()
    .flatMap((name) => listCalls(parseAst(readFileSync(join(directory, name), "utf8"), { lang: "ts" }) as unknown as SyntaxNode))
    .flatMap(readRefusal);
};

/** GitHub and the documentation site read `<name>` outside of code as an element. */
const escapeTags = (text: string): string => text.replace(/`[^`]*`|</g, (found) => (found === "<" ? "\\<" : found));

const formatNext = (next: string | null): string => {
  if (next === null || next === "" || /^\{[a-z ]+\}$/.test(next)) return "";
  const isCommand = /^(?:\/enki|enki|ssh-keygen) [^,`]*$/.test(next);
  return `\n  What to do: ${isCommand ? formatCode(next) : next}`;
};

/** The sentences of each refusal, by its code. */
export const writeRefusalsPage = (root: string): string => {
  const byCode = new Map<string, Set<string>>();
  for (const { code, message, next } of listRefusals(root))
    byCode.set(code, (byCode.get(code) ?? new Set()).add(escapeTags(`- ${message}${formatNext(next)}`)));
  const sections = [...byCode].sort(([a], [b]) => (a < b ? -1 : 1)).map(([code, lines]) => `## \`${code}\`\n\n${[...lines].join("\n")}`);
  return formatPage("Refusals", "`src/core/messages/`", [
    "Enki answers a request that it refuses with a sentence, the code of the refusal in parentheses, and what to do next. `/enki explain` names the reason of a wait in the same way. Look the code up here. A word in braces stands for a name or a number; sentences without a capital are for agents.",
    ...sections,
  ]);
};
