import { readPattern } from "./parse.ts";
import { isIn, isWord, type Pattern, PatternError, type Place, type Range } from "./syntax.ts";

const MOST_INSTRUCTIONS = 2_000;
/** Characters of a text that is matched. */
const LONGEST_SUBJECT = 100_000;

type Instruction =
  | { readonly kind: "set"; readonly ranges: readonly Range[]; readonly negated: boolean }
  | { readonly kind: "at"; readonly place: Place }
  | { readonly kind: "either"; first: number; second: number }
  | { readonly kind: "found" };

/** True where the pattern occurs in the text; steps at most characters times instructions. */
export type Matcher = (subject: string) => boolean;

/**
 * A regular expression that is matched in time linear in the text, whatever it is: all ways are followed at once (Thompson's construction), so that
 * neither a careless pattern nor a text made for it can hold anything up. Throws PatternError for a pattern that cannot be, the matcher for a text that is too long.
 */
export const compilePattern = (source: string): Matcher => {
  const { pattern, ignoreCase } = readPattern(source);
  const program: Instruction[] = [];
  emit(program, pattern);
  push(program, { kind: "found" });
  return (subject) => {
    if (subject.length > LONGEST_SUBJECT) throw new PatternError(`a text that is matched has at most ${LONGEST_SUBJECT} characters`);
    return occurs(program, { points: Array.from(subject, (each) => each.codePointAt(0) ?? 0), ignoreCase });
  };
};

const push = (program: Instruction[], instruction: Instruction): number => {
  if (program.length >= MOST_INSTRUCTIONS) throw new PatternError("the pattern is too large: fewer or smaller repeats");
  return program.push(instruction) - 1;
};

const emit = (program: Instruction[], pattern: Pattern): void => {
  switch (pattern.kind) {
    case "set":
    case "at":
      push(program, pattern);
      return;
    case "sequence":
      for (const part of pattern.parts) emit(program, part);
      return;
    case "choice":
      emitChoice(program, pattern.options);
      return;
    case "repeat":
      for (let count = 0; count < pattern.least; count += 1) {
        const before = program.length;
        emit(program, pattern.part);
        // Nothing, many times, is nothing: without this, nested repeats of an empty group would never end.
        if (program.length === before) break;
      }
      if (pattern.most === Infinity) emitStar(program, pattern.part);
      else
        for (let count = pattern.least; count < pattern.most; count += 1)
          emitChoice(program, [pattern.part, { kind: "sequence", parts: [] }]);
  }
};

const either = (program: Instruction[]): { first: number; second: number } => {
  const fork: Instruction = { kind: "either", first: program.length + 1, second: program.length + 1 };
  push(program, fork);
  return fork;
};

const emitStar = (program: Instruction[], part: Pattern): void => {
  const start = program.length;
  const fork = either(program);
  emit(program, part);
  const back = either(program);
  back.first = start;
  back.second = start;
  fork.second = program.length;
};

const emitChoice = (program: Instruction[], options: readonly Pattern[]): void => {
  const ends: { first: number; second: number }[] = [];
  for (const [index, option] of options.entries()) {
    if (index === options.length - 1) {
      emit(program, option);
      continue;
    }
    const fork = either(program);
    emit(program, option);
    ends.push(either(program));
    fork.second = program.length;
  }
  for (const end of ends) {
    end.first = program.length;
    end.second = program.length;
  }
};

type Subject = { readonly points: readonly number[]; readonly ignoreCase: boolean };

const occurs = (program: readonly Instruction[], subject: Subject): boolean => {
  /** The place at which an instruction was last followed: each once a place. */
  const followed = new Int32Array(program.length).fill(-1);
  let threads: number[] = [];
  for (let place = 0; place <= subject.points.length; place += 1) {
    const stack = [0, ...threads.reverse()];
    threads = [];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      const instruction = program[at];
      if (!instruction || followed[at] === place) continue;
      followed[at] = place;
      if (instruction.kind === "found") return true;
      if (instruction.kind === "either") stack.push(instruction.second, instruction.first);
      else if (instruction.kind === "set") {
        if (accepts(instruction, subject, place)) threads.push(at + 1);
      } else if (holds(instruction.place, subject.points, place)) stack.push(at + 1);
    }
  }
  return false;
};

const accepts = (
  { ranges, negated }: { ranges: readonly Range[]; negated: boolean },
  { points, ignoreCase }: Subject,
  place: number,
): boolean => {
  const point = points[place];
  if (point === undefined) return false;
  const listed = isIn(ranges, point) || (ignoreCase && variants(point).some((each) => isIn(ranges, each)));
  return listed !== negated;
};

const variants = (point: number): number[] => {
  const character = String.fromCodePoint(point);
  return [character.toLowerCase(), character.toUpperCase()].flatMap((each) => {
    const other = each.codePointAt(0);
    return other === undefined || other === point || String.fromCodePoint(other) !== each ? [] : [other];
  });
};

const holds = (wanted: Place, points: readonly number[], place: number): boolean => {
  const before = points[place - 1];
  const after = points[place];
  switch (wanted) {
    case "text-start":
      return before === undefined;
    case "text-end":
      return after === undefined;
    case "line-start":
      return before === undefined || before === 10;
    case "line-end":
      return after === undefined || after === 10;
    case "word-edge":
      return isWord(before) !== isWord(after);
    case "no-word-edge":
      return isWord(before) === isWord(after);
  }
};
