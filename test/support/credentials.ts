/** Letters and digits that look random and are the same in each run. */
const fill = (length: number, alphabet: string): string => {
  let state = 0x9e3779b9 ^ length;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return alphabet[(state >>> 8) % alphabet.length] ?? "";
  }).join("");
};
/** Keeps a form out of this file, so that scanners stay silent. */
const part = (text: string): string => text;
const LOWER = "abcdefghijklmnopqrstuvwxyz0123456789";
const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const MIXED = `${LOWER}ABCDEFGHIJKLMNOPQRSTUVWXYZ`;
const HEX = "0123456789abcdef";
const jwt = ["eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9", `eyJpc3Mi${fill(60, MIXED)}`, fill(86, MIXED)].join(".");

/** One credential of each form, none of them real, built from parts so that scanners stay silent. */
export const CREDENTIALS: Readonly<Record<string, string>> = {
  "a classic GitHub token": `${part("gh")}p_${fill(36, MIXED)}`,
  "a GitHub OAuth token": `${part("gh")}o_${fill(36, MIXED)}`,
  "a GitHub user token": `${part("gh")}u_${fill(36, MIXED)}`,
  "a GitHub installation token": `${part("gh")}s_${fill(36, MIXED)}`,
  "a stateless GitHub installation token": `${part("gh")}s_1234567_${jwt}`,
  "a GitHub refresh token": `${part("gh")}r_${fill(76, MIXED)}`,
  "a fine-grained GitHub token": `${part("github")}_pat_${fill(22, MIXED)}_${fill(59, MIXED)}`,
  "an old GitHub installation token": `v1.${fill(40, HEX)}`,
  "an AWS key id": `${part("AK")}IA${fill(16, UPPER)}`,
  "a temporary AWS key id": `${part("AS")}IA${fill(16, UPPER)}`,
  "an AWS secret key": `aws_${part("secret")}_access_key = ${fill(40, MIXED)}`,
  "a Google key": `${part("AI")}za${fill(35, MIXED)}`,
  "a Google client secret": `${part("GOC")}SPX-${fill(28, MIXED)}`,
  "a Google service account": `"private_${part("key")}_id": "${fill(40, HEX)}"`,
  "a Slack bot token": `${part("xo")}xb-${fill(12, "123456789")}-${fill(12, "123456789")}-${fill(24, MIXED)}`,
  "a Slack app token": `${part("xa")}pp-1-A${fill(10, UPPER)}-${fill(13, "123456789")}-${fill(64, HEX)}`,
  "a Slack webhook": `https://hooks.${part("slack")}.com/services/T${fill(8, UPPER)}/B${fill(8, UPPER)}/${fill(24, MIXED)}`,
  "a Stripe key": `${part("sk")}_live_${fill(24, MIXED)}`,
  "a restricted Stripe key": `${part("rk")}_live_${fill(24, MIXED)}`,
  "an npm token": `${part("np")}m_${fill(36, MIXED)}`,
  "a PyPI token": `${part("py")}pi-AgEIcHlwaS5vcmc${fill(80, MIXED)}`,
  "a GitLab token": `${part("gl")}pat-${fill(20, MIXED)}`,
  "a GitLab runner token": `${part("gl")}rt-${fill(20, MIXED)}`,
  "a Hugging Face token": `${part("h")}f_${fill(34, MIXED)}`,
  "an OpenAI project key": `${part("s")}k-proj-${fill(74, MIXED)}T3BlbkFJ${fill(74, MIXED)}`,
  "an OpenAI service key": `${part("s")}k-svcacct-${fill(60, MIXED)}`,
  "an OpenAI key": `${part("s")}k-${fill(48, MIXED)}`,
  "an Anthropic key": `${part("s")}k-ant-api03-${fill(93, MIXED)}AA`,
  "an Anthropic session token": `${part("s")}k-ant-oat01-${fill(93, MIXED)}AA`,
  "an OpenRouter key": `${part("s")}k-or-v1-${fill(64, HEX)}`,
  "a Groq key": `${part("g")}sk_${fill(52, MIXED)}`,
  "an Azure storage key": `AccountKey=${fill(86, MIXED)}==`,
  "an Azure client secret": `${fill(3, MIXED)}8Q~${fill(34, MIXED)}`,
  "a Twilio key": `SK${fill(32, HEX)}`,
  "a SendGrid key": `${part("S")}G.${fill(22, MIXED)}.${fill(43, MIXED)}`,
  "a DigitalOcean token": `${part("do")}p_v1_${fill(64, HEX)}`,
  "a Docker token": `${part("dckr")}_pat_${fill(27, MIXED)}`,
  "a Linear key": `${part("lin")}_api_${fill(40, MIXED)}`,
  "a Shopify token": `${part("shp")}at_${fill(32, HEX)}`,
  "a Grafana token": `${part("gl")}sa_${fill(32, MIXED)}_${fill(8, HEX)}`,
  "a Databricks token": `${part("da")}pi${fill(32, HEX)}`,
  "a Telegram token": `123456789:AA${fill(33, MIXED)}`,
  "a JSON web token": jwt,
  "an RSA key": `-----BEGIN ${part("RSA")} PRIVATE KEY-----\n${fill(64, MIXED)}\n${fill(64, MIXED)}\n-----END RSA PRIVATE KEY-----`,
  "a PKCS#8 key": `-----BEGIN ${part("PRIVATE")} KEY-----\n${fill(64, MIXED)}\n-----END PRIVATE KEY-----`,
  "an OpenSSH key": `-----BEGIN ${part("OPENSSH")} PRIVATE KEY-----\n${fill(70, MIXED)}\n-----END OPENSSH PRIVATE KEY-----`,
  "a PGP key": `-----BEGIN ${part("PGP")} PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\n\n${fill(64, MIXED)}\n-----END PGP PRIVATE KEY BLOCK-----`,
  "an encrypted key": `-----BEGIN ${part("EC")} PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,${fill(32, HEX)}\n\n${fill(64, MIXED)}\n-----END EC PRIVATE KEY-----`,
};

const insert = (text: string, piece: string, every: number): string =>
  Array.from({ length: Math.ceil(text.length / every) }, (_, at) => text.slice(at * every, (at + 1) * every)).join(piece);

const reverse = (text: string): string => Array.from(text).toReversed().join("");

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** Ways in which text carries a credential that nobody reads at first sight. */
export const DISGUISES: Readonly<Record<string, (credential: string) => string>> = {
  "in base64": base64,
  "in base64 without padding": (text) => base64(text).replaceAll("=", ""),
  "in base64 for addresses": (text) => Buffer.from(text).toString("base64url"),
  "in base64 after one letter": (text) => base64(`x${text}`),
  "in base64 after two letters": (text) => base64(`xy${text}`),
  "in base64 after another run": (text) => `a${base64(text)}`,
  "in base64 lines of 76": (text) => insert(base64(text), "\n", 76),
  "in base64 twice": (text) => base64(base64(text)),
  "in hexadecimal": (text) => Buffer.from(text).toString("hex"),
  "in capital hexadecimal": (text) => Buffer.from(text).toString("hex").toUpperCase(),
  "in a list of bytes": (text) =>
    Array.from(Buffer.from(text))
      .map((byte) => `0x${byte.toString(16).padStart(2, "0")}`)
      .join(", ") + ",",
  reversed: reverse,
  "reversed in base64": (text) => base64(reverse(text)),
  "split over lines": (text) => insert(text, "\n", 12),
  "split over lines of a comment": (text) => insert(text, "\n  // ", 12),
  "split over continued lines": (text) => insert(text, "\\\n    ", 12),
  "as joined strings": (text) => `"${insert(text, '" + "', 7)}"`,
  "as strings side by side": (text) => `'${insert(text, "'\n  '", 9)}'`,
  "as an array of strings": (text) => `["${insert(text, '", "', 5)}"].join("")`,
  "encoded for addresses": (text) =>
    Array.from(Buffer.from(text))
      .map((byte) => `%${byte.toString(16).padStart(2, "0")}`)
      .join(""),
  "with escapes of a string": (text) =>
    Array.from(Buffer.from(text))
      .map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`)
      .join(""),
  "with Unicode escapes": (text) =>
    Array.from(text)
      .map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
  "with entities": (text) =>
    Array.from(text)
      .map((char) => `&#${char.charCodeAt(0)};`)
      .join(""),
  "with zero-width characters": (text) => insert(text, "\u200b", 4),
  "with soft hyphens": (text) => insert(text, "\u00ad", 3),
  "in UTF-16": (text) => insert(text, "\0", 1),
  "in base64, backwards": (text) => reverse(base64(text)),
  "in base64 of hexadecimal": (text) => base64(Buffer.from(text).toString("hex")),
  "in base64 of UTF-16": (text) => Buffer.from(text, "utf16le").toString("base64"),
  "in base64 lines of a comment": (text) => insert(base64(text), "\n# ", 40),
  "in base64 as joined strings": (text) => `"${insert(base64(text), '" +\n  "', 20)}"`,
  "in hexadecimal, backwards": (text) => reverse(Buffer.from(text).toString("hex")),
  "in hexadecimal twice": (text) => Buffer.from(Buffer.from(text).toString("hex")).toString("hex"),
  "in a list of character codes": (text) => `${Array.from(Buffer.from(text)).join(", ")},`,
  "backwards over lines": (text) => insert(reverse(text), "\n", 12),
  "as items of a list": (text) => insert(text, "\n- ", 12),
  "as added lines": (text) => insert(text, "\n+", 12),
  "as text that is added": (text) => `"${insert(text, '";\nkey += "', 9)}"`,
  "as strings that SQL joins": (text) => `'${insert(text, "' || '", 9)}'`,
  "as strings of a call": (text) => `"${insert(text, '".concat("', 9)}"`,
  "with octal escapes": (text) =>
    Array.from(Buffer.from(text))
      .map((byte) => `\\${byte.toString(8).padStart(3, "0")}`)
      .join(""),
  "encoded for addresses twice": (text) =>
    Array.from(Buffer.from(text))
      .map((byte) => `%25${byte.toString(16).padStart(2, "0")}`)
      .join(""),
  "with wide characters": (text) => text.replaceAll(/[!-~]/g, (char) => String.fromCharCode(char.charCodeAt(0) + 0xfee0)),
  "with colours between": (text) => insert(text, "\u001b[31m", 9),
  "after a letter": (text) => `x${text}`,
  "after an underscore": (text) => `TOKEN_${text}`,
};
