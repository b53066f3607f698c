import vendored from "./gitleaks-rules.json" with { type: "json" };
import type { SecretRule } from "./secret-rule.ts";
import { SERVICE_KEYS } from "./service-keys.ts";

/** Forms that gitleaks lacks, or for which GitHub's own published patterns say more. */
const OWN_RULES: readonly SecretRule[] = [
  // https://github.blog/changelog/2026-04-24-notice-about-upcoming-new-format-for-github-app-installation-tokens/: `ghs_<id>_<JWT>`.
  { name: "a GitHub token", form: /ghs_[A-Za-z0-9][A-Za-z0-9._-]{35,4000}/g, keywords: ["ghs_"] },
  { name: "a GitHub token", form: /gh[pour]_[A-Za-z0-9]{36,4000}/g, keywords: ["ghp_", "gho_", "ghu_", "ghr_"] },
  { name: "a GitHub token", form: /github_pat_\w{40,4000}/g, keywords: ["github_pat_"] },
  { name: "a GitHub token", form: /(?<![\w.])v1\.[0-9a-f]{40}(?![0-9a-f])/g, keywords: ["v1."], entropy: 3 },
  {
    name: "a private key",
    form: /-----BEGIN (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----(?=$|[\s\\nr"'+,;]{0,40}(?:[A-Za-z0-9+/=]{16}|[A-Z][A-Za-z-]{3,20}: ))/g,
    keywords: ["private key"],
  },
  { name: "a private key", form: /PuTTY-User-Key-File-[23]: /g, keywords: ["putty-user-key-file"] },
  { name: "a private key", form: /"private_key_id"\s{0,10}:\s{0,10}"[0-9a-f]{40}"/g, keywords: ["private_key_id"] },
  {
    name: "an AWS key",
    form: /(?<![A-Za-z0-9+=])(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9+=])/g,
    keywords: ["akia", "asia", "abia", "acca"],
    entropy: 2.5,
  },
  {
    name: "an AWS key",
    form: /aws.{0,20}secret.{0,20}[=:]\s{0,5}["']?[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])/gi,
    keywords: ["aws"],
    entropy: 4,
    loose: true,
  },
  {
    name: "a model key",
    form: /sk-ant-[a-z0-9]{2,12}-[\w-]{32,4000}/g,
    keywords: ["sk-ant-"],
  },
  {
    name: "a model key",
    form: /sk-(?:or-v1-|proj-|svcacct-|admin-)[\w-]{32,4000}/g,
    keywords: ["sk-or-v1-", "sk-proj-", "sk-svcacct-", "sk-admin-"],
  },
  { name: "a model key", form: /(?<![A-Za-z0-9-])sk-[A-Za-z0-9]{32,4000}(?![\w-])/g, keywords: ["sk-"], entropy: 3.5, loose: true },
  {
    name: "a model key",
    form: /(?:gsk_|xai-|r8_|csk-|fw_|pcsk_|tgp_v1_)[A-Za-z0-9_-]{36,4000}/g,
    keywords: ["gsk_", "xai-", "r8_", "csk-", "fw_", "pcsk_", "tgp_v1_"],
    entropy: 3.8,
    loose: true,
  },
  { name: "a model key", form: /hf_[A-Za-z0-9]{34,4000}/g, keywords: ["hf_"], entropy: 3 },
  { name: "a Slack token", form: /xox[abeoprs]-[A-Za-z0-9-]{20,4000}/g, keywords: ["xox"] },
  { name: "a Google credential", form: /GOCSPX-[\w-]{28}/g, keywords: ["gocspx-"] },
  { name: "a Google credential", form: /(?<![\w-])ya29\.[\w-]{60,4000}/g, keywords: ["ya29."] },
  {
    name: "an Azure key",
    form: /(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{43,88}={0,2}/gi,
    keywords: ["accountkey=", "sharedaccesskey="],
    entropy: 4,
  },
  { name: "an Azure key", form: /[?&]sig=[A-Za-z0-9%]{43,80}(?:%3d|=)/gi, keywords: ["sig="], entropy: 4, loose: true },
  {
    name: "an Azure key",
    form: /[A-Za-z0-9]{76}AZ(?:DO|FN|CS|CR)[A-Za-z0-9]{4}/g,
    keywords: ["azdo", "azfn", "azcs", "azcr"],
    entropy: 4,
    loose: true,
  },
  { name: "a Twilio key", form: /(?<![A-Za-z0-9+])SK[0-9a-f]{32}(?![A-Za-z0-9+/=])/g, keywords: ["sk"], entropy: 3, loose: true },
  { name: "a Docker token", form: /dckr_(?:pat|oat)_[\w-]{27,4000}/g, keywords: ["dckr_"] },
  { name: "a Stripe key", form: /whsec_[A-Za-z0-9+/]{32,4000}/g, keywords: ["whsec_"], entropy: 3.5 },
  { name: "a Vault token", form: /hvs\.[\w-]{90,4000}/g, keywords: ["hvs."] },
  { name: "a PyPI token", form: /pypi-AgE[\w-]{50,4000}/g, keywords: ["pypi-age"] },
  { name: "a Supabase key", form: /sb(?:p_|_secret_)[A-Za-z0-9_-]{31,4000}/g, keywords: ["sbp_", "sb_secret_"], entropy: 3 },
  { name: "a Discord credential", form: /discord(?:app)?\.com\/api\/webhooks\/\d{17,20}\/[\w-]{60,4000}/g, keywords: ["api/webhooks/"] },
  { name: "a Telegram token", form: /(?<!\d)\d{8,10}:AA[\w-]{33}(?![\w-])/g, keywords: [":aa"], entropy: 4 },
  { name: "a Cloudflare token", form: /cfat_[A-Za-z0-9]{40,4000}/g, keywords: ["cfat_"] },
  { name: "a Netlify token", form: /nfp_[A-Za-z0-9]{36,4000}/g, keywords: ["nfp_"], entropy: 3 },
  { name: "a JSON web token", form: /(?<![\w-])eyJ[\w-]{14,4000}\.eyJ[\w-]{14,4000}\.[\w-]{20,4000}/g, keywords: ["eyj"] },
];

/** Every form; the maintained ones first. */
export const SECRET_RULES: readonly SecretRule[] = [
  ...OWN_RULES,
  ...SERVICE_KEYS,
  ...vendored.rules.map(({ id, source, flags, keywords, entropy }) => ({
    name: `a credential (${id})`,
    form: new RegExp(source, `g${flags}`),
    keywords,
    ...(entropy !== undefined && { entropy }),
  })),
];

/** Bits per character. */
export const measureEntropy = (text: string): number => {
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum - (count / text.length) * Math.log2(count / text.length), 0);
};
