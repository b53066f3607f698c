import { isMap, isSeq, parseDocument, type YAMLMap } from "yaml";
import { CLAIMED } from "./set-up-step.ts";

/** The lines of a person's steps, from a checked YAML list, without indentation. They run only in a claimed job, where the repository is. */
export const renderOwnSteps = (text: string, directory: string): string[] => {
  const document = parseDocument(text);
  if (!isSeq(document.contents)) return [];
  for (const item of document.contents.items) if (isMap(item)) fitStep(item, directory);
  return document.toString({ lineWidth: 0 }).trimEnd().split("\n");
};

const fitStep = (step: YAMLMap, directory: string): void => {
  const own = step.get("if");
  const condition = own === undefined ? "" : ` && (${readExpression(own)})`;
  step.set("if", `${CLAIMED}${condition}`);
  if (directory !== "" && step.has("run") && !step.has("working-directory")) step.set("working-directory", directory);
};

/** The text of a condition, with or without the marks of an expression. */
const readExpression = (own: unknown): string => {
  const text = typeof own === "string" ? own.trim() : JSON.stringify(own);
  return /^\$\{\{(.*)\}\}$/s.exec(text)?.[1]?.trim() ?? text;
};
