#!/usr/bin/env node
// Checks the language of the code: comments in plain English everywhere, and names in `src` that mean one thing.
// `node scripts/language.mjs` prints each measure beside its ceiling and exits 1 if one is exceeded.
// `--worst N` prints N sentences or names behind each measure; `--sample N [--seed S]` prints N sentences at random.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

const FOLDERS = ["src", "bench", "scripts", "test"];
const PROSE_CEILINGS = {
  "sentences that start with a relative clause (What …, Who …)": 1.5,
  'sentences that start with "True where …"': 0.3,
  "vague words (it, that, this, what, one …)": 5,
};
const NAME_CEILINGS = {
  "types declared in three or more files": 3,
  "types of one word": 25,
  "functions declared in three or more files": 4,
  "functions of core/decisions that are named like a question and may write": 0,
  "refusals with a sentence outside core/messages": 0,
};

const VAGUE = new Set(["it", "that", "this", "what", "one", "those", "there", "which", "these", "such", "all", "else"]);
const RELATIVE = /^(What|Who|Whoever|How|Where|Whatever)\b/;
const TRUTH = /^(True|False|Null|Undefined)\b/;
const COMMENT = /(?<=^|[\s({,;])\/\*\*?(?=\s)(.*?)\*\/|((?:^[ \t]*\/\/[/!]?[^\n]*\n?)+)/gms;
const DECLARATION = /^(?:export )?(?:default )?(?:async )?(const|let|function\*?|type|interface|class) +([A-Za-z_$][\w$]*)(.*)$/gm;

/** A function with the name of a question takes a reader, never a writer or a `DecisionTransaction`. */
const WRITING_QUESTION =
  /const ((?:is|has|may|can|find|list|read|collect|evaluate|judge|check|select|count|get|choose|needs|compute|describe|format|refuse|to)[A-Z]\w*) = \(\s*(?:\{[^}]*\}|\w+): (?:DecisionTransaction|\w+Writer)\b/g;

const readSources = (folder) => {
  const root = join(import.meta.dirname, "..", folder);
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:ts|mjs)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => ({ path: relative(root, path), text: readFileSync(path, "utf8") }));
};

const sources = readSources("src");

/** The comments of a file as running text; directives to tools and licence notices are left out. */
const commentsOf = (text) => {
  const comments = [];
  for (const [, block, lines] of text.matchAll(COMMENT)) {
    const body = block ?? lines.replace(/^[ \t]*\/\/[/!]?/gm, "");
    if (!/copyright|licen[cs]e|eslint|oxlint|@ts-/i.test(body)) comments.push(body.replace(/^\s*\*/gm, ""));
  }
  return comments;
};

const wordsOf = (sentence) => sentence.match(/[A-Za-z']+/g) ?? [];

/** Sentences of four words or more. */
const sentencesOf = ({ path, text }) =>
  commentsOf(text)
    .flatMap((comment) =>
      comment
        .replace(/\{@\w+ [^}]*\}|@\w+/g, " ")
        .replace(/[ \t]*\n[ \t]*/g, " ")
        .split(/(?<=[.!?;:])\s+/),
    )
    .map((sentence) => sentence.trim())
    .filter((sentence) => wordsOf(sentence).length >= 4)
    .map((sentence) => ({ path, sentence }));

/** Kind of a declaration: a constant that holds a function counts as a function. */
const kindOf = (keyword, name, rest) => {
  if (keyword === "const" || keyword === "let")
    return /.*(=>|= ?(async )?\()/.test(rest) && name !== name.toUpperCase() ? "function" : "constant";
  return keyword.startsWith("function") ? "function" : "type";
};

/** Names at module level, by kind: each with the files that declare it. */
const declarations = () => {
  const found = { function: new Map(), type: new Map(), constant: new Map() };
  for (const { path, text } of sources)
    for (const [, keyword, name, rest] of text.matchAll(DECLARATION)) {
      const names = found[kindOf(keyword, name, rest)];
      names.set(name, (names.get(name) ?? new Set()).add(path));
    }
  return found;
};

const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
const percent = (part, whole) => (100 * part) / Math.max(1, whole);
const isOneWord = (name) => name.match(/[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])/g)?.length === 1;

const prose = (sentences) => {
  const share = (examples) => ({
    percent: percent(examples.length, sentences.length),
    examples: examples.map(({ path, sentence }) => `${path}: ${sentence}`),
  });
  const words = sentences.flatMap(({ sentence }) => wordsOf(sentence));
  const vagueIn = ({ sentence }) =>
    percent(wordsOf(sentence).filter((word) => VAGUE.has(word.toLowerCase())).length, wordsOf(sentence).length);
  const vaguest = sentences.filter((each) => vagueIn(each) > 10).sort((a, b) => vagueIn(b) - vagueIn(a));
  return [
    share(sentences.filter(({ sentence }) => RELATIVE.test(sentence) && !sentence.endsWith("?"))),
    share(sentences.filter(({ sentence }) => TRUTH.test(sentence))),
    { ...share(vaguest), percent: percent(words.filter((word) => VAGUE.has(word.toLowerCase())).length, words.length) },
  ];
};

const names = () => {
  const found = declarations();
  const shared = (kind) => {
    const many = [...found[kind]].filter(([, files]) => files.size >= 3).sort((a, b) => b[1].size - a[1].size);
    const declared = sum([...found[kind].values()].map((files) => files.size));
    return {
      percent: percent(sum(many.map(([, files]) => files.size)), declared),
      examples: many.map(([name, files]) => `${name}: ${[...files].join(", ")}`),
    };
  };
  const single = [...found.type.keys()].filter(isOneWord);
  const oneWord = {
    percent: percent(single.length, found.type.size),
    examples: single.map((name) => `${name}: ${[...found.type.get(name)].join(", ")}`),
  };
  return [shared("type"), oneWord, shared("function")];
};

/** Functions named like a question that take a writer, among all functions that take one. */
const writingQuestions = () => {
  const decisions = sources.filter(({ path }) => path.startsWith(join("core", "decisions")));
  const examples = decisions.flatMap(({ path, text }) => [...text.matchAll(WRITING_QUESTION)].map(([, name]) => `${path}: ${name}`));
  const writers = sum(decisions.map(({ text }) => text.match(/: (?:DecisionTransaction|\w+Writer)\b/g)?.length ?? 0));
  return { percent: percent(examples.length, writers), examples };
};

/** The words of a literal, without the expressions of a template; an expression may hold templates itself. */
const literalWords = (text) => {
  let [words, depth] = ["", 0];
  for (let at = 1; at < text.length && (depth > 0 || text[at] !== text[0]); at += 1) {
    if (text[at] === "{" && (depth > 0 || text[at - 1] === "$")) depth += 1;
    else if (text[at] === "}" && depth > 0) depth -= 1;
    else if (depth === 0) words += text[at] === "\\" ? text[(at += 1)] : text[at];
  }
  return words.match(/[A-Za-z]{2,}/g) ?? [];
};

/** Refusals with a sentence outside core/messages. The local GitHub is exempt, since its sentences are GitHub's. */
const scatteredRefusals = () => {
  const examples = [];
  let calls = 0;
  for (const { path, text } of sources.filter((each) => !each.path.startsWith("local-github")))
    for (const match of text.matchAll(/\brefuse\(\s*[^,()]+,\s*|\bcode: (?!"custom")["`'][^,{}]*, message: /g)) {
      calls += 1;
      const rest = text.slice(match.index + match[0].length);
      if (!path.startsWith(join("core", "messages")) && /^["'`]/.test(rest) && literalWords(rest).length > 0)
        examples.push(`${path}: ${rest.split("\n")[0]}`);
    }
  return { percent: percent(examples.length, calls), examples };
};

const argument = (name, fallback) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
};

const worst = argument("--worst", 0);
const sample = argument("--sample", 0);
const folders = FOLDERS.map((folder) => ({ folder, sentences: readSources(folder).flatMap(sentencesOf) }));
if (sample > 0) {
  const sentences = folders.flatMap(({ folder, sentences }) => sentences.map((each) => ({ ...each, path: join(folder, each.path) })));
  // A linear congruential generator: the same seed draws the same sentences.
  let state = argument("--seed", 1);
  const next = (limit) => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return Math.floor((state / 2 ** 32) * limit);
  };
  for (let drawn = 0; drawn < sample; drawn += 1) {
    const { path, sentence } = sentences[next(sentences.length)];
    console.log(`${path}: ${sentence}`);
  }
} else {
  const compare = (ceilings, measures) => Object.entries(ceilings).map(([title, ceiling], at) => ({ title, ceiling, ...measures[at] }));
  const measures = [
    ...folders.flatMap(({ folder, sentences }) =>
      compare(PROSE_CEILINGS, prose(sentences)).map((each) => ({ ...each, title: `${folder}: ${each.title}` })),
    ),
    ...compare(NAME_CEILINGS, [...names(), writingQuestions(), scatteredRefusals()]),
  ];
  for (const { title, ceiling, percent: value, examples } of measures) {
    console.log(`${value > ceiling ? "over" : "ok  "}  ${value.toFixed(1).padStart(5)} % of at most ${ceiling} %  ${title}`);
    for (const example of examples.slice(0, worst)) console.log(`        ${example}`);
  }
  process.exitCode = measures.some(({ percent: value, ceiling }) => value > ceiling) ? 1 : 0;
}
