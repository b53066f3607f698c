/** Formats of well-known credentials, exact enough to make false alarms rare. */
const SECRET_PATTERNS: readonly { readonly name: string; readonly form: RegExp }[] = [
  { name: "a GitHub token", form: /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})\b/g },
  { name: "a private key", form: /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/g },
  { name: "an AWS key", form: /\bAKIA[0-9A-Z]{16}\b/g },
  { name: "a model key", form: /\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,}\b/g },
  { name: "a Slack token", form: /\bxox[abprs]-[A-Za-z0-9-]{20,}\b/g },
];

/** Names the kinds of credentials that a text seems to contain. */
export const findSecrets = (text: string): string[] =>
  SECRET_PATTERNS.filter(({ form }) => new RegExp(form.source).test(text)).map(({ name }) => name);

/** Replaces credentials and the given values. */
export const redactSecrets = (text: string, values: readonly string[] = []): string => {
  const known = values.filter((value) => value.length >= 8).reduce((redacted, value) => redacted.replaceAll(value, "[redacted]"), text);
  return SECRET_PATTERNS.reduce((redacted, { form }) => redacted.replaceAll(form, "[redacted]"), known);
};

/** Serializes a value with credentials redacted in each string, also those that JSON escapes would hide. */
export const redactJson = (value: unknown, values: readonly string[] = []): string =>
  JSON.stringify(value, (_, each: unknown) => (typeof each === "string" ? redactSecrets(each, values) : each));
