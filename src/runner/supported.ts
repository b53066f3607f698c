import { Lexer } from "@actions/expressions";
import { isBasicExpression, isMapping, isSequence } from "@actions/workflow-parser";
import { TemplateToken } from "@actions/workflow-parser/templates/tokens/template-token";
import { sourceOf } from "./tokens.ts";
import { INPUTS, readUses } from "./uses.ts";
import type { Fault, Template } from "./workflow.ts";

// Keys that GitHub knows and this runner does not do: a clear refusal is better than a run that differs.
const JOB_KEYS = [
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
const STEP_KEYS = ["background", "wait", "wait-all", "cancel", "parallel"];
const FUNCTIONS = ["hashfiles"];

const at = (token: Template, message: string): Fault => ({ line: token.line ?? 1, message });

const find = (token: Template | undefined, key: string): Template | undefined => (token && isMapping(token) ? token.find(key) : undefined);

const refusedKeys = (token: Template, keys: readonly string[], where: string): Fault[] =>
  isMapping(token)
    ? [...token]
        .filter(({ key }) => keys.includes(sourceOf(key)))
        .map(({ key }) => at(key, `'${sourceOf(key)}' of a ${where} is not supported by this runner`))
    : [];

const refusedUses = (step: Template): Fault[] => {
  const token = find(step, "uses");
  if (!token) return [];
  const uses = readUses(sourceOf(token));
  if (!uses) return [at(token, `'uses: ${sourceOf(token)}' is not supported by this runner`)];
  const inputs = find(step, "with");
  if (uses === "enki" || !inputs || !isMapping(inputs)) return [];
  return [...inputs]
    .filter(({ key }) => !INPUTS[uses].includes(sourceOf(key)))
    .map(({ key }) => at(key, `input '${sourceOf(key)}' of '${sourceOf(token)}' is not supported by this runner`));
};

const refusedStep = (step: Template): Fault[] => [...refusedKeys(step, STEP_KEYS, "step"), ...refusedUses(step)];

const refusedJob = (job: Template): Fault[] => {
  const steps = find(job, "steps");
  return [...refusedKeys(job, JOB_KEYS, "job"), ...(steps && isSequence(steps) ? [...steps].flatMap(refusedStep) : [])];
};

const expressionOf = (token: Template, key: Template | undefined): string => {
  if (isBasicExpression(token)) return token.expression;
  return sourceOf(key) === "if" ? sourceOf(token) : "";
};

/** Calls of functions that this runner does not do. Only for a file whose expressions are known to be valid. */
export const refuseFunctions = (root: Template): readonly Fault[] =>
  [...TemplateToken.traverse(root)].flatMap(([, token, key]) => {
    const used = new Lexer(expressionOf(token, key)).lex().tokens.find((part) => FUNCTIONS.includes(part.lexeme.toLowerCase()));
    return used ? [at(token, `the function '${used.lexeme}' is not supported by this runner`)] : [];
  });

const refusedConcurrency = (token: Template | undefined): Fault[] => {
  const [queue, cancel] = [find(token, "queue"), find(token, "cancel-in-progress")];
  return queue && sourceOf(queue) === "max" && sourceOf(cancel) === "true"
    ? [at(queue, "'queue: max' cannot be used with 'cancel-in-progress: true'")]
    : [];
};

/** What a valid Actions workflow uses that this runner does not do. */
export const refuseUnsupported = (root: Template): readonly Fault[] => {
  const jobs = find(root, "jobs");
  const tokens = jobs && isMapping(jobs) ? [...jobs].map(({ value }) => value) : [];
  return [
    ...refusedConcurrency(find(root, "concurrency")),
    ...tokens.flatMap((job) => [...refusedJob(job), ...refusedConcurrency(find(job, "concurrency"))]),
  ].sort((a, b) => a.line - b.line);
};
