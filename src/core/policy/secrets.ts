/** Forms of well-known credentials: what is exact enough that a false alarm is rare. */
const SECRET_PATTERNS: readonly { readonly name: string; readonly form: RegExp }[] = [
  { name: "a GitHub token", form: /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})\b/g },
  { name: "a private key", form: /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/g },
  { name: "an AWS key", form: /\bAKIA[0-9A-Z]{16}\b/g },
  { name: "a model key", form: /\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,}\b/g },
  { name: "a Slack token", form: /\bxox[abprs]-[A-Za-z0-9-]{20,}\b/g },
];

/** The kinds of credentials that a text seems to hold. */
export const findSecrets = (text: string): string[] =>
  SECRET_PATTERNS.filter(({ form }) => new RegExp(form.source).test(text)).map(({ name }) => name);

/** A text with credentials, and the given values, replaced. */
export const redactSecrets = (text: string, values: readonly string[] = []): string => {
  const known = values.filter((value) => value.length >= 8).reduce((left, value) => left.replaceAll(value, "[redacted]"), text);
  return SECRET_PATTERNS.reduce((left, { form }) => left.replaceAll(form, "[redacted]"), known);
};

/** A value of JSON as it is written, with the same taken out of each of its strings: what escapes hide is found too. */
export const redactJson = (value: unknown, values: readonly string[] = []): string =>
  JSON.stringify(value, (_, each: unknown) => (typeof each === "string" ? redactSecrets(each, values) : each));
