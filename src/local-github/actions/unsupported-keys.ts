import { Lexer } from "@actions/expressions";
import { isBasicExpression, isMapping, isSequence } from "@actions/workflow-parser";
import { TemplateToken } from "@actions/workflow-parser/templates/tokens/template-token";
import { tokenSource } from "./template-tokens.ts";
import { BUILT_IN_INPUTS, readSupportedAction } from "./supported-action.ts";
import type { ActionsFault, TemplateValue } from "./actions-workflow.ts";

// Keys supported by GitHub, but not by the runner. A clear refusal is better than a run with a different result.
const UNSUPPORTED_JOB_KEYS = [
  "uses",
  "with",
  "secrets",
  "strategy",
  "container",
  "services",
  "snapshot",
  "continue-on-error",
  "cancel-timeout-minutes",
];
const UNSUPPORTED_STEP_KEYS = ["background", "wait", "wait-all", "cancel", "parallel"];
const UNSUPPORTED_FUNCTIONS = ["hashfiles"];

const createFault = (token: TemplateValue, message: string): ActionsFault => ({ line: token.line ?? 1, message });

const findField = (token: TemplateValue | undefined, key: string): TemplateValue | undefined =>
  token && isMapping(token) ? token.find(key) : undefined;

const findRefusedKeys = (token: TemplateValue, keys: readonly string[], where: string): ActionsFault[] =>
  isMapping(token)
    ? [...token]
        .filter(({ key }) => keys.includes(tokenSource(key)))
        .map(({ key }) => createFault(key, `'${tokenSource(key)}' of a ${where} is not supported by this runner`))
    : [];

const findRefusedUses = (step: TemplateValue): ActionsFault[] => {
  const token = findField(step, "uses");
  if (!token) return [];
  const uses = readSupportedAction(tokenSource(token));
  if (!uses) return [createFault(token, `'uses: ${tokenSource(token)}' is not supported by this runner`)];
  const inputs = findField(step, "with");
  if (uses === "enki" || uses === "workspace" || !inputs || !isMapping(inputs)) return [];
  return [...inputs]
    .filter(({ key }) => !BUILT_IN_INPUTS[uses].includes(tokenSource(key)))
    .map(({ key }) => createFault(key, `input '${tokenSource(key)}' of '${tokenSource(token)}' is not supported by this runner`));
};

const findStepFaults = (step: TemplateValue): ActionsFault[] => [
  ...findRefusedKeys(step, UNSUPPORTED_STEP_KEYS, "step"),
  ...findRefusedUses(step),
];

const findJobFaults = (job: TemplateValue): ActionsFault[] => {
  const steps = findField(job, "steps");
  return [...findRefusedKeys(job, UNSUPPORTED_JOB_KEYS, "job"), ...(steps && isSequence(steps) ? [...steps].flatMap(findStepFaults) : [])];
};

const readTokenExpression = (token: TemplateValue, key: TemplateValue | undefined): string => {
  if (isBasicExpression(token)) return token.expression;
  return tokenSource(key) === "if" ? tokenSource(token) : "";
};

/** Finds calls of functions that this runner does not support. The expressions of the file must be valid. */
export const findUnsupportedFunctions = (root: TemplateValue): readonly ActionsFault[] =>
  [...TemplateToken.traverse(root)].flatMap(([, token, key]) => {
    const used = new Lexer(readTokenExpression(token, key))
      .lex()
      .tokens.find((part) => UNSUPPORTED_FUNCTIONS.includes(part.lexeme.toLowerCase()));
    return used ? [createFault(token, `the function '${used.lexeme}' is not supported by this runner`)] : [];
  });

const findConcurrencyFaults = (token: TemplateValue | undefined): ActionsFault[] => {
  const [queue, cancel] = [findField(token, "queue"), findField(token, "cancel-in-progress")];
  return queue && tokenSource(queue) === "max" && tokenSource(cancel) === "true"
    ? [createFault(queue, "'queue: max' cannot be used with 'cancel-in-progress: true'")]
    : [];
};

/** Finds the keys of a valid Actions workflow that this runner does not support. */
export const findUnsupportedKeys = (root: TemplateValue): readonly ActionsFault[] => {
  const jobs = findField(root, "jobs");
  const tokens = jobs && isMapping(jobs) ? [...jobs].map(({ value }) => value) : [];
  return [
    ...findConcurrencyFaults(findField(root, "concurrency")),
    ...tokens.flatMap((job) => [...findJobFaults(job), ...findConcurrencyFaults(findField(job, "concurrency"))]),
  ].sort((a, b) => a.line - b.line);
};
