// Writes src/core/policy/gitleaks-rules.json from gitleaks' rules: `node scripts/vendor-secret-rules.mjs <clone of gitleaks> <version>`.
// Takes the rules that recognize a credential by its own form. Rules that need a word such as `twitter` before any 25 letters are left out,
// because they refuse too many texts without a credential.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";

const [clone, version] = process.argv.slice(2);
const { rules } = parse(readFileSync(join(clone, "config", "gitleaks.toml"), "utf8"));
const license = readFileSync(join(clone, "LICENSE"), "utf8").trim().split("\n");

/** Rules for credentials without a form of their own, and rules that our own patterns replace. */
const LEFT_OUT = new Set([
  "1password-secret-key",
  "anthropic-admin-api-key",
  "anthropic-api-key",
  "authress-service-client-access-key",
  "aws-access-token",
  "clickhouse-cloud-api-secret-key",
  "curl-auth-header",
  "curl-auth-user",
  "facebook-access-token",
  "facebook-page-access-token",
  "freemius-secret-key",
  "generic-api-key",
  "github-app-token",
  "github-fine-grained-pat",
  "github-oauth",
  "github-pat",
  "github-refresh-token",
  "hashicorp-tf-password",
  "huggingface-organization-api-token",
  "jwt",
  "jwt-base64",
  "kubernetes-secret-yaml",
  "microsoft-teams-webhook",
  "nuget-config-password",
  "octopus-deploy-api-key",
  "openshift-user-token",
  "pkcs12-file",
  "private-key",
  "sentry-org-token",
  "sidekiq-secret",
  "sidekiq-sensitive-url",
  "slack-bot-token",
  "slack-config-access-token",
  "slack-config-refresh-token",
  "slack-legacy-bot-token",
  "slack-legacy-token",
  "slack-user-token",
  "sourcegraph-access-token",
  "square-access-token",
  "twilio-api-key",
  "vault-service-token",
]);

/** Adds the other case of each letter within the scope of an inline `(?i)`. */
const withoutCase = (pattern) =>
  pattern.replaceAll(/\[[^\]]*\]|[a-z]/gi, (part) =>
    part.startsWith("[")
      ? part.replaceAll(/a-(z|f|h)(?!A-)/g, (range, end) => `${range}A-${end.toUpperCase()}`)
      : `[${part.toLowerCase()}${part.toUpperCase()}]`,
  );

/** Translates RE2's syntax to JavaScript's, without the delimiters that gitleaks requires around a credential. */
const toJavaScript = (regex) => {
  let source = regex
    .replaceAll("[[:alnum:]]", "[A-Za-z0-9]")
    .replace(/\(\?:\[\\x60'"\\s;\]\|\\\\\[nr\]\|\$(?:\|\\b)?\)$/, "")
    .replace(/^\(\?:\^\|\[.*?\]\)\(/, "(")
    .replace(/\(\?:\$\|\[.*?\]\)$/, "")
    .replace(/\(\?:\[\^[^\]]*\]\|\\z\)$/, "")
    .replace(/^\(\?i\)\\b/, "(?i)")
    .replace(/^\\b/, "")
    .replace(/\\b$/, "");
  const all = source.startsWith("(?i)");
  if (all) source = source.slice(4);
  const at = source.indexOf("(?i)");
  if (at >= 0) source = source.slice(0, at) + withoutCase(source.slice(at + 4));
  if (all) source = source.replaceAll("(?i)", "");
  source = source.replaceAll(/\(\?i:(\[[^\]]*\]\{\d+\})\)/g, (_, inner) => withoutCase(inner)).replaceAll("(?-i:", "(?:");
  // JavaScript's engine needs a stack for unbounded repeats.
  source = source
    .replaceAll(/\{(\d+),\}/g, "{$1,4000}")
    .replaceAll(/(\]|\\[dw])\+/g, "$1{1,4000}")
    .replaceAll(/(\]|\\[dw])\*/g, "$1{0,4000}");
  return { source, flags: all ? "i" : "" };
};

const kept = rules
  .filter(({ id, regex }) => regex !== undefined && !LEFT_OUT.has(id) && !regex.includes("{0,50}?"))
  .map(({ id, regex, keywords, entropy }) => ({ id, ...toJavaScript(regex), keywords, ...(entropy === undefined ? {} : { entropy }) }));

const content = {
  source: "https://github.com/gitleaks/gitleaks",
  file: "config/gitleaks.toml",
  version,
  license,
  rules: kept,
};
writeFileSync(new URL("../src/core/policy/gitleaks-rules.json", import.meta.url), `${JSON.stringify(content, null, 2)}\n`);
console.log(`${kept.length} rules`);
