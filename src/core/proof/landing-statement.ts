import { z } from "zod";
import { toCanonicalJson } from "../domain/ids.ts";
import { parseJson } from "../domain/parse-json.ts";

/** Statements about landings: in-toto Statement v1, with the landed commit and its tree as subject. */

const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";
const PREDICATE_TYPE = "https://github.com/enki-bot/enki/landing/v1";

const shaSchema = z.string().regex(/^[0-9a-f]{40}$/);
const hashSchema = z.string().regex(/^[0-9a-f]{64}$/);
const timeSchema = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const numberSchema = z.int().min(0);

const commandSchema = z.strictObject({ by: z.string(), at: timeSchema.nullable(), source: z.string().nullable() });

const stepSchema = z.strictObject({
  execution: z.string(),
  step: z.string(),
  issue: numberSchema,
  pull: numberSchema.nullable(),
  attempt: numberSchema,
  head: shaSchema,
  /** A plan may need no approval. The form of `hash` is judged later, with a refusal of its own. */
  plan: z.strictObject({ hash: z.string(), approval: commandSchema.nullable() }),
  /** Approving reviews of exactly this head, which opened its gate. */
  reviews: z.array(z.strictObject({ by: z.string(), review: numberSchema })),
  /** Decisions of people about needed steps: a skip, or the approval of a report. */
  decisions: z.array(z.strictObject({ step: z.string(), by: z.string(), source: z.string() })),
});

const predicateSchema = z.strictObject({
  /** Address of the repository on its forge. */
  repository: z.string(),
  /** The branch, and its tip before the landing. */
  base: z.strictObject({ branch: z.string(), commit: shaSchema, tree: shaSchema }),
  landing: z.strictObject({
    at: timeSchema,
    method: z.enum(["merge", "squash", "rebase"]),
    /** The landed commits, oldest first: a rebase lands each commit of a step. The last commit is the subject. */
    commits: z.array(shaSchema).min(1),
    /** The tip of the base after the landing; a later commit than the subject if several steps landed together. */
    tip: shaSchema,
  }),
  /** The verified commit. Its tree is the tree of the tip. */
  candidate: z.strictObject({ commit: shaSchema, tree: shaSchema }),
  verdict: z.strictObject({
    conclusion: z.string(),
    /** The commit of the run: the candidate, or an earlier commit with the same tree. */
    commit: shaSchema,
    /** Unknown after GitHub's answer to the start of the run was lost. */
    run: z.strictObject({ id: numberSchema, url: z.string() }).nullable(),
  }),
  steps: z.array(stepSchema).min(1),
  /** The configuration in force: its commit of the default branch, and its digest. */
  policy: z.strictObject({ branch: z.string(), commit: shaSchema.nullable(), digest: hashSchema }),
});

const statementSchema = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  subject: z.tuple([
    z.strictObject({ name: z.literal("commit"), digest: z.strictObject({ gitCommit: shaSchema }) }),
    z.strictObject({ name: z.literal("tree"), digest: z.strictObject({ gitTree: shaSchema }) }),
  ]),
  predicateType: z.literal(PREDICATE_TYPE),
  predicate: predicateSchema,
});

export type LandingPredicate = z.infer<typeof predicateSchema>;
export type LandingStatement = z.infer<typeof statementSchema>;
export type ProvenStep = z.infer<typeof stepSchema>;

export const createStatement = (
  subject: { readonly commit: string; readonly tree: string },
  predicate: LandingPredicate,
): LandingStatement => ({
  _type: STATEMENT_TYPE,
  subject: [
    { name: "commit", digest: { gitCommit: subject.commit } },
    { name: "tree", digest: { gitTree: subject.tree } },
  ],
  predicateType: PREDICATE_TYPE,
  predicate,
});

/** The only text of a statement: equal statements have equal bytes, whichever process writes them. */
export const formatStatement = (statement: LandingStatement): string => toCanonicalJson(statement);

/** `other-type`: a statement about something else, or of a later version. `other-form`: readable, but not as Enki writes it. */
export type ReadStatement =
  | { readonly kind: "statement"; readonly statement: LandingStatement }
  | { readonly kind: "broken" }
  | { readonly kind: "other-form" }
  | { readonly kind: "other-type"; readonly type: string };

/** Reads a statement's text; accepts exactly the texts of {@link formatStatement}. */
export const readStatement = (text: string): ReadStatement => {
  const value = parseJson(text);
  const type = typeof value === "object" && value !== null && "predicateType" in value ? value.predicateType : undefined;
  if (typeof type === "string" && type !== PREDICATE_TYPE) return { kind: "other-type", type };
  const parsed = statementSchema.safeParse(value);
  if (!parsed.success) return { kind: "broken" };
  return formatStatement(parsed.data) === text ? { kind: "statement", statement: parsed.data } : { kind: "other-form" };
};
