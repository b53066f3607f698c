import Handlebars from "handlebars";
import { accept, refuse, type Result } from "../../model/refusal.ts";
import { isJsonObject } from "../json.ts";
import { PatternError } from "../pattern.ts";
import { FUNCTION_NAMES, type Template } from "./syntax.ts";
import { translate } from "./translate.ts";
import { CALLS, isTrue, RoleView, step, toText, type Value } from "./values.ts";

/** Values that one rendering may work on: a list in a list of somebody's output could ask for any number. */
const MOST_STEPS = 100_000;
const LONGEST = 1_000_000;

class RenderError extends Error {}

/** What templates see at their root: `.Args`, `.Item`, … and each role by its name, each looked up when it is read. */
export class Scope {
  readonly look: (key: string) => Value;
  constructor(look: (key: string) => Value) {
    this.look = look;
  }
}

type Options = {
  readonly fn: (context: unknown) => string;
  readonly inverse: (context: unknown) => string;
};

/** The dot at the root is the scope itself; below it is a value. */
const follow = (from: unknown, keys: readonly string[]): Value => {
  const [first, ...rest] = keys;
  if (!(from instanceof Scope)) return keys.reduce<Value>(step, from as Value); // helpers give values only
  if (first === undefined) throw new RenderError("`.` alone is everything: name what is meant, such as `.Args`");
  return rest.reduce<Value>(step, from.look(first));
};

const items = (value: Value, line: number): readonly Value[] => {
  if (value === undefined || value === null || value === "") return [];
  if (Array.isArray(value)) return value;
  if (!isJsonObject(value) || value instanceof RoleView) throw new RenderError(`line ${line}: \`range\` needs a list`);
  return Object.keys(value)
    .sort()
    .map((key) => step(value, key));
};

/** How a value that is printed may be made shorter: its text, and how the template names it. */
export type Shorten = (text: string, written: string) => string;

const whole: Shorten = (text) => text;

type Printing = { readonly strict: boolean; readonly shorten: Shorten };

const helpers = ({ strict, shorten }: Printing): Readonly<Record<string, (...args: never[]) => unknown>> => {
  let steps = 0;
  const count = (): void => {
    steps += 1;
    if (steps > MOST_STEPS) throw new RenderError(`it works on more than ${MOST_STEPS} values`);
  };
  const calls = FUNCTION_NAMES.map((name) => {
    // The last argument is Handlebars' own.
    const call = (...args: readonly (Value | Options)[]): Value => {
      count();
      return CALLS[name](...(args.slice(0, -1) as Value[]));
    };
    return [name, call] as const;
  });
  return {
    ...Object.fromEntries(calls),
    get: (from: unknown, ...keys: readonly (string | Options)[]): Value => {
      count();
      return follow(from, keys.slice(0, -1) as string[]);
    },
    print: (value: Value, written: string, line: number): string => {
      if (value === undefined && strict) throw new RenderError(`line ${line}: \`{{ ${written} }}\` has no value`);
      return shorten(toText(value), written);
    },
    if: (value: Value, dot: unknown, { fn, inverse }: Options): string => (isTrue(value) ? fn(dot) : inverse(dot)),
    with: (value: Value, dot: unknown, { fn, inverse }: Options): string => (isTrue(value) ? fn(value) : inverse(dot)),
    range: (value: Value, dot: unknown, ...[line, { fn, inverse }]: [number, Options]): string => {
      const list = items(value, line);
      return list.length === 0 ? inverse(dot) : repeated(list, (each) => (count(), fn(each)));
    },
  };
};

/** Stops as soon as it is too long: a list in a list could ask for any amount. */
const repeated = (list: readonly Value[], write: (each: Value) => string): string => {
  let text = "";
  for (const each of list) text = limited(text + write(each));
  return text;
};

const limited = (text: string): string => {
  if (text.length > LONGEST) throw new RenderError(`its text is longer than ${LONGEST} characters`);
  return text;
};

const run = (template: Template, { scope, ...printing }: Printing & { readonly scope: Scope }): string => {
  const engine = Handlebars.create();
  for (const name of Object.keys(engine.helpers)) engine.unregisterHelper(name);
  const own = helpers(printing);
  engine.registerHelper(own as Handlebars.HelperDeclareSpec); // its type has `any` where ours say what comes
  const knownHelpers = Object.fromEntries(Object.keys(own).map((name) => [name, true]));
  const options = { noEscape: true, strict: true, knownHelpersOnly: true, knownHelpers, ignoreStandalone: true, preventIndent: true };
  return limited(engine.compile<Scope>(translate(template), options)(scope));
};

const attempt = <T>(name: string, work: () => T): Result<T> => {
  try {
    return accept(work());
  } catch (error) {
    if (error instanceof RenderError || error instanceof PatternError) {
      return refuse(
        "cannot-render",
        `${name}: ${error.message}`,
        'give a default, such as `{{ default "none" .review.summary }}`, or mend the workflow',
      );
    }
    throw error;
  }
};

/**
 * The text of a prompt. What is in the scope is data: it is printed as it is, never read as a template, whatever it holds.
 * Refusal `cannot-render`: a value that is printed is missing, or the template asks for too much.
 */
export const renderTemplate = (
  name: string,
  template: Template,
  given: Scope | { readonly scope: Scope; readonly shorten: Shorten },
): Result<string> => {
  const { scope, shorten } = given instanceof Scope ? { scope: given, shorten: whole } : given;
  return attempt(name, () => run(template, { scope, strict: true, shorten }));
};

/** Whether a guard holds: its text is not empty, `false`, `0`, `no`. What is missing is empty. Refusal `cannot-render`. */
export const holdsTemplate = (name: string, template: Template, scope: Scope): Result<boolean> =>
  attempt(name, () => isTrue(run(template, { scope, strict: false, shorten: whole })));
