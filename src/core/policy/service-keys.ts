import type { SecretRule } from "./secret-rule.ts";

/** What keys of services start with, and how many letters and digits follow at least. Other characters would be those of ordinary names. */
const PLAIN_KEYS: readonly (readonly [starts: string, least: number])[] = [
  ["vcp_|vck_|vca_|vcr_|vci_", 24],
  ["NRAK-|rnd_", 27],
  ["api_org_", 32],
  ["ntn_|phx_|bkua_|e2b_|sqp_|squ_|sqa_|cfut_|cfk_", 40],
  ["secret_", 43],
  ["crsr_|napi_|lin_oauth_", 60],
];

/** The same for starts that no ordinary name has; dashes, dots and underscores may follow. */
const MARKED_KEYS: readonly (readonly [starts: string, least: number])[] = [
  ["tvly-|bb_live_|figd_|sq0csp-|sq0atp-|CCIPAT_|CCIPRJ_|lsv2_pt_|lsv2_sk_|sk-lf-|sntrys_eyJ", 24],
  ["sk_org_live_|xoxd-|nvapi-|jina_|wandb_v1_|sk-service-|sk-None-|dp.st.|1//0|AQ.Ab8RN6|vercel_blob_rw_", 40],
  ["ATATT3xFfGF0|ATCTT3xFfGF0|FwoGZXIvYXdz|IQoJb3JpZ2luX2Vj", 100],
];

const toRule = (starts: string, form: string): SecretRule => ({
  name: "a service's key",
  form: new RegExp(`(?:${starts.replaceAll(".", "\\.")})${form}`, "g"),
  keywords: starts.toLowerCase().split("|"),
  entropy: 3,
});

/** The first characters of private keys as DER, and of an OpenSSH key, in base64 without the lines around it. */
const BARE_KEYS = [
  "MC4CAQAwBQYDK2V[uw]B",
  "MIG[A-Z]AgE[AB]MB[AM]GByqGSM49AgEG",
  "MHcCAQEEI",
  "MII[A-Za-z0-9+/]{3}IBADANBgkqhkiG9w0BAQEFAASC",
  "MII[A-Za-z0-9+/]{3}IBAAKCA[gQY]",
  "b3BlbnNzaC1rZXktdjEA",
];

/** Forms of services that neither gitleaks nor GitHub's own patterns have, and keys in the files of other tools. */
export const SERVICE_KEYS: readonly SecretRule[] = [
  ...PLAIN_KEYS.map(([starts, least]) => toRule(starts, `[A-Za-z0-9]{${least},4000}`)),
  ...MARKED_KEYS.map(([starts, least]) => toRule(starts, `[\\w./+=%-]{${least},4000}`)),
  { name: "a service's key", form: /re_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}/g, keywords: ["re_"], entropy: 3.8 },
  { name: "a service's key", form: /sk_[0-9a-f]{48}/g, keywords: ["sk_"] },
  {
    name: "a service's key",
    form: /(?<![A-Za-z0-9+])(?:(?:cio|AKID|ATBB)[A-Za-z0-9]{32}|oy2[a-z0-9]{43})(?![A-Za-z0-9+/=])/g,
    keywords: ["cio", "akid", "atbb", "oy2"],
    entropy: 4,
    loose: true,
  },
  { name: "a model key", form: /rt_[\w-]{40,4000}\.[\w-]{40,4000}/g, keywords: ["rt_"], entropy: 4 },
  { name: "a GitHub token", form: /tid=[0-9a-f]{32};exp=\d/g, keywords: ["tid="] },
  { name: "an Azure key", form: /[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{20,40}/g, keywords: ["jqqj99"], entropy: 4 },
  {
    name: "a private key",
    form: new RegExp(`(?:${BARE_KEYS.join("|")})[A-Za-z0-9+/]{20,4000}`, "g"),
    keywords: ["mc4caqawbqydk2v", "gbyqgsm49", "caqeei", "ibadanbg", "ibaakca", "b3blbnnzac1r"],
  },
  { name: "a private key", form: /"d"\s{0,10}:\s{0,10}"[\w-]{42,4000}"/g, keywords: ['"kty"'] },
  { name: "a registry's credential", form: /:_(?:authToken|auth|password)=["']?[\w+/=-]{20,4000}/g, keywords: [":_auth", ":_password"] },
  { name: "a registry's credential", form: /"auth"\s{0,10}:\s{0,10}"[A-Za-z0-9+/]{24,4000}={0,2}"/g, keywords: ['"auth"'], entropy: 4 },
  {
    name: "a password in an address",
    form: /:\/\/[^\s:@/]{0,80}:(?=[^\s@]{0,60}\d)(?=[^\s@]{0,60}[a-z])(?=[^\s@]{0,60}[A-Z])[\w.~%!*+-]{20,200}@/g,
    keywords: ["://"],
    entropy: 4,
    loose: true,
  },
];
