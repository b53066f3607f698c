/** Returns random-looking letters and digits, the same in each run. */
const fill = (length: number, alphabet: string): string => {
  let state = 0x9e3779b9 ^ length;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return alphabet[(state >>> 8) % alphabet.length] ?? "";
  }).join("");
};
/** Hides the form of a credential in this file from scanners. */
const part = (text: string): string => text;
const LOWER = "abcdefghijklmnopqrstuvwxyz0123456789";
const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const MIXED = `${LOWER}ABCDEFGHIJKLMNOPQRSTUVWXYZ`;
const HEX = "0123456789abcdef";
const jwt = ["eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9", `eyJpc3Mi${fill(60, MIXED)}`, fill(86, MIXED)].join(".");

/** One credential of each form. None is real, and each consists of parts, so that scanners stay silent. */
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
  "an Atlassian token": `${part("ATAT")}T3xFfGF0${fill(180, MIXED)}`,
  "a Bitbucket password": `${part("AT")}BB${fill(32, MIXED)}`,
  "a Bitbucket access token": `${part("ATCT")}T3xFfGF0${fill(180, MIXED)}`,
  "an OpenAI key of a service": `${part("s")}k-service-${fill(48, MIXED)}`,
  "a Google refresh token": `${part("1//")}0${fill(60, MIXED)}`,
  "a Google key of the new form": `${part("AQ.")}Ab8RN6${fill(44, MIXED)}`,
  "a LangSmith key": `${part("lsv2")}_pt_${fill(32, HEX)}_${fill(10, HEX)}`,
  "a Langfuse key": `${part("sk-")}lf-${fill(8, HEX)}-${fill(4, HEX)}-${fill(4, HEX)}-${fill(4, HEX)}-${fill(12, HEX)}`,
  "a PostHog key": `${part("ph")}x_${fill(43, MIXED)}`,
  "a Sentry token of an organisation": `${part("sntry")}s_eyJ${fill(120, MIXED)}_${fill(43, MIXED)}`,
  "a New Relic key": `${part("NR")}AK-${fill(27, UPPER)}`,
  "a Buildkite token": `${part("bk")}ua_${fill(40, HEX)}`,
  "a CircleCI token": `${part("CCI")}PAT_${fill(22, MIXED)}_${fill(40, HEX)}`,
  "a Vercel token": `${part("vc")}p_${fill(56, MIXED)}`,
  "a Vercel key for models": `${part("vc")}k_${fill(56, MIXED)}`,
  "a Render key": `${part("rn")}d_${fill(28, MIXED)}`,
  "a Neon key": `${part("na")}pi_${fill(64, MIXED)}`,
  "a Doppler token of a service": `${part("dp.")}st.prd.${fill(43, MIXED)}`,
  "a Figma token": `${part("fi")}gd_${fill(40, MIXED)}`,
  "a Notion token": `${part("nt")}n_${fill(46, MIXED)}`,
  "an older Notion token": `${part("sec")}ret_${fill(43, MIXED)}`,
  "a Linear token of an App": `${part("lin")}_oauth_${fill(64, HEX)}`,
  "a Slack cookie": `${part("xo")}xd-${fill(100, MIXED)}`,
  "a Resend key": `${part("re")}_${fill(8, MIXED)}_${fill(24, MIXED)}`,
  "a Stripe key of an organisation": `${part("sk")}_org_live_${fill(60, MIXED)}`,
  "a Square secret": `${part("sq")}0csp-${fill(43, MIXED)}`,
  "a Cloudflare token of a user": `${part("cf")}ut_${fill(48, MIXED)}`,
  "a Sonar token": `${part("sq")}u_${fill(40, HEX)}`,
  "a crates.io token": `${part("ci")}o${fill(32, MIXED)}`,
  "a NuGet key": `${part("oy")}2${fill(43, LOWER)}`,
  "a Tencent key id": `${part("AK")}ID${fill(32, MIXED)}`,
  "an ElevenLabs key": `${part("sk")}_${fill(48, HEX)}`,
  "a Codex refresh token": `${part("rt")}_${fill(43, MIXED)}.${fill(43, MIXED)}`,
  "a Cursor key": `${part("cr")}sr_${fill(64, HEX)}`,
  "a Hugging Face token of an organisation": `${part("api_")}org_${fill(34, MIXED)}`,
  "a Jina key": `${part("ji")}na_${fill(60, MIXED)}`,
  "a Tavily key": `${part("tv")}ly-dev-${fill(32, MIXED)}`,
  "an E2B key": `${part("e2")}b_${fill(40, HEX)}`,
  "a W&B key": `${part("wan")}db_v1_${fill(77, MIXED)}`,
  "an NVIDIA key": `${part("nv")}api-${fill(64, MIXED)}`,
  "a Copilot token": `${part("ti")}d=${fill(32, HEX)};exp=1700000000;sku=free`,
  "a key of Azure's models": `${fill(52, MIXED)}${part("JQQ")}J99BAACAAAAAA${fill(15, MIXED)}`,
  "an AWS session token": `${part("IQoJ")}b3JpZ2luX2Vj${fill(300, MIXED)}`,
  "an Ed25519 key as bare base64": `${part("MC4C")}AQAwBQYDK2VwBCIEI${fill(43, MIXED)}`,
  "an RSA key as bare base64": `${part("MIIE")}vQIBADANBgkqhkiG9w0BAQEFAASCBK${fill(400, MIXED)}`,
  "an RSA key as bare base64 of PKCS#1": `${part("MIIE")}pAIBAAKCAQEA${fill(400, MIXED)}`,
  "an EC key as bare base64": `${part("MHcC")}AQEEI${fill(140, MIXED)}`,
  "an OpenSSH key as bare base64": `${part("b3Bl")}bnNzaC1rZXktdjEAAAAABG5vbmU${fill(100, MIXED)}`,
  "a JSON web key": `{"kty":"OKP","crv":"Ed25519","x":"${fill(43, UPPER)}","${part("d")}":"${fill(43, MIXED)}"}`,
  "a registry's token": `//registry.npmjs.org/:_auth${part("Token")}=${fill(8, HEX)}-${fill(4, HEX)}-${fill(4, HEX)}-${fill(4, HEX)}-${fill(12, HEX)}`,
  "Docker's login": `{"auths":{"https://index.docker.io/v1/":{"${part("auth")}":"${fill(40, MIXED)}"}}}`,
  "a password in an address": `postgres://admin:${part("")}${fill(28, MIXED)}@db.example.com:5432/app`,
};

/** Parts of a credential around the secret, before and after. They contain no secret, so they may stay. */
export const CREDENTIAL_SURROUNDINGS: Readonly<Record<string, readonly [before: string, after: string]>> = {
  "a Copilot token": ["", "700000000;sku=free"],
  "a JSON web key": [`{"kty":"OKP","crv":"Ed25519","x":"${fill(43, UPPER)}",`, "}"],
  "a registry's token": ["//registry.npmjs.org/", ""],
  "Docker's login": ['{"auths":{"https://index.docker.io/v1/":{', "}}}"],
  "a password in an address": ["postgres", "db.example.com:5432/app"],
};

const insert = (text: string, piece: string, every: number): string =>
  Array.from({ length: Math.ceil(text.length / every) }, (_, at) => text.slice(at * every, (at + 1) * every)).join(piece);

const reverse = (text: string): string => Array.from(text).toReversed().join("");

const base64 = (text: string): string => Buffer.from(text).toString("base64");

const bytes = (text: string, format: (byte: number) => string): string => Array.from(Buffer.from(text), format).join("");
const codes = (text: string, format: (code: number) => string): string => Array.from(text, (char) => format(char.charCodeAt(0))).join("");

const BASE32 = UPPER;
const base32 = (text: string): string =>
  (bytes(text, (byte) => byte.toString(2).padStart(8, "0")).match(/.{1,5}/g) ?? [])
    .map((five) => BASE32[Number.parseInt(five.padEnd(5, "0"), 2)] ?? "")
    .join("");

/** Replaces letters and digits by their counterparts in a block of Unicode. */
const styled = (text: string, { upper, lower, digit }: Record<"upper" | "lower" | "digit", number>): string =>
  text.replaceAll(/[A-Za-z0-9]/g, (char) => {
    const [start, from] = /[a-z]/.test(char) ? [lower, "a"] : /[A-Z]/.test(char) ? [upper, "A"] : [digit, "0"];
    return start === 0 ? char : String.fromCodePoint(start + char.charCodeAt(0) - from.charCodeAt(0));
  });

/** Ways to hide a credential from a reader's first glance. */
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
  "split by carriage returns": (text) => insert(text, "\r", 12),
  "split by vertical tabs": (text) => insert(text, "\v", 12),
  "split by Unicode's line ends": (text) => insert(text, "\u2028", 12),
  "split over numbered lines": (text) => insert(text, "\n 2: ", 12),
  "as items of a numbered list": (text) => insert(text, "\n2. ", 12),
  "with tags between": (text) => insert(text, "<b></b>", 9),
  "with hidden comments between": (text) => insert(text, "<!-- -->", 9),
  "with comments of code between": (text) => insert(text, "/**/", 9),
  "with marks of emphasis between": (text) => insert(text, "**", 9),
  "with backticks between": (text) => insert(text, "`", 9),
  "with marks over each letter": (text) => insert(text, "\u0301", 1),
  "struck through": (text) => insert(text, "\u0336", 1),
  "with bold characters": (text) => styled(text, { upper: 0x1d400, lower: 0x1d41a, digit: 0x1d7ce }),
  "with circled characters": (text) => styled(text, { upper: 0x24b6, lower: 0x24d0, digit: 0 }),
  "in base32": base32,
  "in base32 after three letters": (text) => base32(`xyz${text}`),
  "in groups of hexadecimal": (text) => insert(Buffer.from(text).toString("hex"), " ", 4),
  "in hexadecimal with dashes": (text) => insert(Buffer.from(text).toString("hex"), "-", 2),
  "in a list of octal codes": (text) => bytes(text, (byte) => `${byte.toString(8).padStart(3, "0")} `),
  "in a list of bits": (text) => bytes(text, (byte) => `${byte.toString(2).padStart(8, "0")} `),
  "as a sum of characters": (text) => bytes(text, (byte) => `chr(${byte})+`),
  "with short octal escapes": (text) => bytes(text, (byte) => `\\${byte.toString(8)}`),
  "with padded Unicode escapes": (text) => codes(text, (code) => `\\u{0000${code.toString(16).padStart(2, "0")}}`),
  "with escapes of a style sheet": (text) => codes(text, (code) => `\\${code.toString(16).padStart(6, "0")}`),
  "with entities without an end": (text) => codes(text, (code) => `&#x${code.toString(16)}`),
  "with padded entities": (text) => codes(text, (code) => `&#000${code};`),
  "encoded for addresses three times": (text) => bytes(text, (byte) => `%2525${byte.toString(16).padStart(2, "0")}`),
  "as strings that Haskell joins": (text) => `"${insert(text, '" <> "', 9)}"`,
  "as strings that Basic joins": (text) => `"${insert(text, '" & _\n "', 9)}"`,
  "as nested calls": (text) => `concat("${insert(text, '", concat("', 9)}")`,
  "with empty parameters of a shell": (text) => insert(text, "${x}", 9),
  "with all parameters of a shell": (text) => insert(text, "$@", 9),
  "in base64 with blanks": (text) => insert(base64(text), " ", 20),
  "in base64 with commas": (text) => insert(base64(text), ",", 20),
  "in base64 with invisible characters": (text) => insert(base64(text), "\u200b", 10),
  "with a blank between its characters": (text) => `${insert(text, " ", 1)} ,`,
  "with two blanks between its characters": (text) => insert(text, "  ", 1),
  "with commas between its characters": (text) => insert(text, ",", 1),
  "with commas and blanks between its characters": (text) => insert(text, ", ", 1),
  "with semicolons between its characters": (text) => insert(text, ";", 1),
  "with pipes between its characters": (text) => insert(text, "|", 1),
  "with slashes between its characters": (text) => insert(text, "/", 1),
  "with dots between its characters": (text) => insert(text, ".", 1),
  "with a blank between its characters after the fourth": (text) => `${text.slice(0, 4)}${insert(text.slice(4), " ", 1)} ,`,
  "with a blank between its characters up to the last three": (text) => `${insert(text.slice(0, -3), " ", 1)} ${text.slice(-3)}`,
  "with a comma between its characters after the fourth": (text) => text.slice(0, 4) + insert(text.slice(4), ",", 1),
  "in base32 of small letters": (text) => base32(text).toLowerCase(),
  "in bits without blanks": (text) => bytes(text, (byte) => byte.toString(2).padStart(8, "0")),
  "in base64 that is encoded for addresses": (text) => bytes(base64(text), (byte) => `%${byte.toString(16)}`),
  "in base64 with Unicode escapes": (text) => codes(base64(text), (code) => `\\u${code.toString(16).padStart(4, "0")}`),
  "in tags": (text) => codes(text, (code) => String.fromCodePoint(0xe0000 + code)),
  "in variation selectors": (text) => codes(text, (code) => String.fromCodePoint(code + (code < 16 ? 0xfe00 : 0xe00f0))),
  "with named entities": (text) => text.replaceAll("_", "&lowbar;").replaceAll(".", "&period;"),
  "in base64 over numbered lines": (text) => insert(base64(text), "\n  2  ", 40),
};
