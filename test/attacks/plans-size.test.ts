import type { PlannedStep } from "../../src/core/domain/plan.ts";
import { step } from "../support/build.ts";
import { attackFamily } from "./attack-family.ts";
import { proposeHostileSteps } from "./propose.ts";

type Hostile = { readonly steps: readonly PlannedStep[]; readonly expected: string };

const AFTER = "touch PWNED";

/** Commands whose end a person would not see, or would take for a part of something harmless. */
const COMMANDS: Readonly<Record<string, { readonly text: string; readonly expected: string }>> = {
  "behind 9,000 blanks": { text: `true${" ".repeat(9_000)}; ${AFTER}`, expected: "text-too-long" },
  "behind 300 blanks": { text: `true${" ".repeat(300)}; ${AFTER}`, expected: "text-too-long" },
  "behind tabs": { text: `true${"\t".repeat(20)}; ${AFTER}`, expected: "text-too-long" },
  "behind a long argument": { text: `echo ${"a".repeat(200)}; ${AFTER}`, expected: "text-too-long" },
  "behind wide characters": { text: `echo ${"字".repeat(70)}; ${AFTER}`, expected: "text-too-long" },
  "behind 2,400 comment lines": { text: `true\n${"# ok\n".repeat(2_400)}${AFTER}`, expected: "text-too-long" },
  "behind 100 comment lines": { text: `true\n${"# ok\n".repeat(100)}${AFTER}`, expected: "text-too-long" },
  "behind blank lines": { text: `true${"\n".repeat(60)}${AFTER}`, expected: "text-too-long" },
  "behind five line ends": { text: `true\n\n\n\n\n${AFTER}`, expected: "text-too-long" },
  "behind a blank after a backslash": { text: `echo safe \\ \n${AFTER}`, expected: "hidden-character" },
  "behind a tab after a backslash": { text: `echo safe \\\t\n${AFTER}`, expected: "hidden-character" },
  "behind a blank at its end": { text: `${AFTER} `, expected: "hidden-character" },
  "that is longer than every command": { text: `${"true\n".repeat(3_000)}${AFTER}`, expected: "text-too-long" },
  "that is empty": { text: "", expected: "empty-text" },
  "that has blanks only": { text: " \n\t ", expected: "empty-text" },
};

const chain = (count: number, last: readonly string[] = []): PlannedStep[] =>
  Array.from({ length: count }, (_, at) => step(`s${at}`, { needs: at === 0 ? [...last] : [`s${at - 1}`] }));

/** Graphs without a possible execution. */
const GRAPHS: Readonly<Record<string, Hostile>> = {
  "no step": { steps: [], expected: "no-steps" },
  "a step that needs itself": { steps: [step("a", { needs: ["a"] })], expected: "own-need" },
  "a cycle of two": { steps: [step("a", { needs: ["b"] }), step("b", { needs: ["a"] })], expected: "cycle" },
  "a cycle of a hundred": { steps: chain(100, ["s99"]), expected: "cycle" },
  "a cycle beside a chain": { steps: [...chain(20), step("x", { needs: ["y"] }), step("y", { needs: ["x"] })], expected: "cycle" },
  "an unknown need": { steps: [step("a", { needs: ["ghost"] })], expected: "unknown-need" },
  "an inherited need": { steps: [step("a", { needs: ["constructor"] })], expected: "unknown-need" },
  "a doubled id": { steps: [step("a"), step("a")], expected: "duplicate-step" },
  "more steps than the configuration allows": { steps: chain(101), expected: "too-many-steps" },
  "ten thousand steps": { steps: chain(10_000, ["s9999"]), expected: "too-many-steps" },
};

/** Ids with another meaning at their place of use: a path, a property, an option, or a look-alike name. */
const IDS: Readonly<Record<string, string>> = {
  "a parent folder": "../x",
  "a path": "a/b",
  "a property of every object": "__proto__",
  "the constructor": "constructor",
  "an inherited method": "tostring/valueOf",
  "an option": "--upload-pack=x",
  "a capital letter": "Fix",
  "a dot": "a.lock",
  "a blank": "a b",
  "a line end": "a\nb",
  "a bar": "a|b",
  "a backtick": "a`b",
  "a quote": 'a"];b["x',
  "a tag": "<b>a</b>",
  "a closed diagram": "a]\nclick a",
  "a long id": "a".repeat(64),
  "an empty id": "",
  "a Cyrillic letter": "\u0430dd",
  "a fullwidth letter": "\uff41dd",
  "a letter with a mark": "a\u0301",
};

/** Texts above their limits. */
const LONG: Readonly<Record<string, readonly PlannedStep[]>> = {
  "a long title": [step("a", { title: "x".repeat(201) })],
  "a long description": [step("a", { description: "x".repeat(20_001) })],
  "many paths": [step("a", { paths: Array.from({ length: 101 }, (_, at) => `p${at}/**`) })],
  "a long path": [step("a", { paths: ["x".repeat(301)] })],
  "many verify commands": [step("a", { verify: Array.from({ length: 21 }, () => "true") })],
};

/** Paths that a person confuses with others. */
const PATHS: Readonly<Record<string, string>> = {
  "a blank before": " src/**",
  "a blank after": "src/** ",
  "a line end": "docs/**\nsrc/**",
  "a tab": "docs/\tsrc",
  nothing: "",
  blanks: "   ",
};

const variants: Record<string, Hostile> = {
  ...Object.fromEntries(
    Object.entries(COMMANDS).flatMap(([name, { text, expected }]) => [
      [`a run ${name}`, { steps: [step("a", { run: text })], expected }],
      [`a verify command ${name}`, { steps: [step("a", { verify: ["npm test", text] })], expected }],
    ]),
  ),
  ...Object.fromEntries(Object.entries(GRAPHS).map(([name, hostile]) => [`a graph with ${name}`, hostile])),
  ...Object.fromEntries(Object.entries(LONG).map(([name, steps]) => [`a step with ${name}`, { steps, expected: "" }])),
  ...Object.fromEntries(Object.entries(IDS).map(([name, id]) => [`an id with ${name}`, { steps: [step(id)], expected: "" }])),
  ...Object.fromEntries(
    Object.entries(PATHS).map(([name, path]) => [`a path with ${name}`, { steps: [step("a", { paths: [path] })], expected: "" }]),
  ),
};

/** Without a code in the variant, the tool and the coordinator may refuse with codes of their own. */
const stated = Object.fromEntries(
  Object.entries(variants).map(([name, { steps, expected }]) => [name, expected === "" ? { steps } : { steps, expected }]),
);

attackFamily("plans", stated, ({ steps }) => proposeHostileSteps(steps));
