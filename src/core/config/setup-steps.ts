import { isMap, isSeq, parseDocument, type YAMLMap } from "yaml";
import { isTooComplexYaml } from "./yaml-nesting.ts";

const MAX_STEPS_CHARS = 20_000;
const FORM = "a YAML list of steps, each with `uses` or `run`";

/** Why a text is no list of steps of Actions; null if it is one. An empty text is an empty list. */
export const findStepsFault = (text: string): string | null => {
  if (text.trim() === "") return null;
  if (text.length > MAX_STEPS_CHARS || isTooComplexYaml(text)) return "the steps are too long, or nest too deep";
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error) return error.message.split("\n")[0] ?? FORM;
  if (!isSeq(document.contents)) return FORM;
  return document.contents.items.every((item) => isMap(item) && isStep(item)) ? null : FORM;
};

const isStep = (item: YAMLMap): boolean => typeof item.get("uses") === "string" || typeof item.get("run") === "string";
