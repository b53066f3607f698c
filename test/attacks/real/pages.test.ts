import { REPO } from "../../local-github/api/stage.ts";
import { strange, wordsOf } from "../../local-github/web/inspect.ts";
import { ask, sharePages } from "../../local-github/web/stage.ts";
import { attackFamily, type AttackEnd } from "../attack-family.ts";

const shared = sharePages();
const AT = "/octo/demo";

/** Texts that would run a script, load or leave the page, or change the text around them. CANARY shows that the page has the text. */
const PAYLOADS: Readonly<Record<string, string>> = {
  "a script": "<script>alert('CANARY')</script>",
  "a script after an attribute": `"><script>alert('CANARY')</script>`,
  "a script after a single quote": `'><script>alert("CANARY")</script>`,
  "an image's handler": "<img src=x onerror=alert('CANARY')>",
  "a handler in an attribute": `" onmouseover="alert('CANARY')`,
  "a handler after a slash": "<svg/onload=alert('CANARY')>",
  "a frame": "<iframe srcdoc='&lt;script&gt;CANARY'></iframe>",
  "a form": "<form action=//evil.example><button>CANARY</button></form>",
  "a base": "<base href=//evil.example>CANARY",
  "a style sheet": "</style><style>*{background:url(//evil.example)}</style>CANARY",
  "a closed script": "</script><script>alert('CANARY')</script>",
  "a refresh": "<meta http-equiv=refresh content='0;url=//evil.example'>CANARY",
  "an object": "<object data=//evil.example>CANARY</object>",
  "an entity": "&lt;script&gt;alert('CANARY')&lt;/script&gt;",
  "an entity without an end": "&#60script&#62alert('CANARY')",
  "a half tag": "CANARY <script",
  "a comment": "<!-- --><img src=x>CANARY<!--",
  "a script link": "[CANARY](javascript:alert(1))",
  "a script link by entities": "[CANARY](javascript&colon;alert(1))",
  "a data link": "[CANARY](data:text/html,<script>alert(1)</script>)",
  "an image": "![CANARY](//evil.example/p.png)",
  "a script address": "<javascript:alert('CANARY')>",
  "a direction override": "CANARY \u202etxt.exe\u202c",
  "a terminal's link": "CANARY \u001b]8;;javascript:alert(1)\u0007x\u001b]8;;\u0007",
  "a terminal's erasing": "CANARY \u001b[2K\u001b[1A",
  "a template": "{{CANARY}} ${alert(1)} <%= 1 %>",
  "a diagram's click": '```mermaid\ngraph LR\n  a["CANARY"]\n  click a href "javascript:alert(1)"\n```',
  "a diagram's label": '```mermaid\ngraph LR\n  a["<img src=x onerror=alert(1)>CANARY"]\n```',
};

type Place = "issue" | "issues" | "comment" | "pull" | "pulls" | "review" | "commit" | "commits" | "text file" | "Markdown file" | "diff";
type Prepared = Readonly<Record<Place, string>>;

let made = 0;
/** Puts a text into every place once, and returns the address of each page with the text. */
const prepare = async (text: string): Promise<Prepared> => {
  const { api, issue, comment, commit, git, push } = shared();
  const number = await issue(text, "");
  const withBody = await issue("body", text);
  const commented = await issue("comments", "");
  await comment(commented, text);
  const branch = `evil-${(made += 1)}`;
  await git("checkout", "-q", "-b", branch, "main");
  const head = await commit({ [`evil-${made}.txt`]: `${text}\n`, [`evil-${made}.md`]: `${text}\n` });
  await git("commit", "-q", "--allow-empty", "-m", `${text}\n\n${text}\n\nEvil: ${text.replaceAll("\n", " ")}`);
  await push(branch);
  const last = await git("rev-parse", branch);
  const { data: pull } = await api.pulls.create({ ...REPO, head: branch, base: "main", title: text, body: text });
  await api.pulls.createReview({ ...REPO, pull_number: pull.number, event: "COMMENT", body: text });
  return {
    issues: "/issues",
    issue: `/issues/${number}`,
    comment: `/issues/${commented}`,
    pull: `/pull/${pull.number}`,
    pulls: "/pulls",
    review: `/issues/${withBody}`,
    commit: `/commit/${last}`,
    commits: `/commits/${branch}`,
    "text file": `/blob/${head}/evil-${made}.txt`,
    "Markdown file": `/blob/${head}/evil-${made}.md`,
    diff: `/commit/${head}`,
  };
};

const prepared = new Map<string, Promise<Prepared>>();
const pathOf = async (text: string, place: Place): Promise<string> => {
  const known = prepared.get(text) ?? prepare(text);
  prepared.set(text, known);
  return (await known)[place];
};

const judgePage = (status: number, page: string): AttackEnd => {
  const faults = strange(page);
  // oxlint-disable-next-line no-control-regex -- the pattern looks for control characters
  if (/[\u202a-\u202e\u2066-\u2069\u001b\u0007]/.test(page)) faults.push("a raw control character");
  if (faults.length > 0) return { through: faults.join("; ") };
  return status < 500 ? { stopped: "escaped" } : { through: `status ${status}` };
};

const PLACES: readonly Place[] = [
  "issue",
  "issues",
  "comment",
  "pull",
  "pulls",
  "review",
  "commit",
  "commits",
  "text file",
  "Markdown file",
  "diff",
];

const texts = Object.fromEntries(
  Object.entries(PAYLOADS).flatMap(([name, text]) => PLACES.map((place) => [`${name} on the page of: ${place}`, { text, place }] as const)),
);

attackFamily("pages", texts, async ({ text, place }) => {
  const { look } = shared();
  const path = await pathOf(text, place);
  const { status, text: page } = await look(`${AT}${path}`);
  if (status !== 200 || !wordsOf(page).includes("CANARY")) return { through: `the page ${path} does not show the text: ${status}` };
  return judgePage(status, page);
});

/** Addresses of a repository's private parts, or addresses that a page could repeat as markup. */
const ADDRESSES: Readonly<Record<string, string>> = {
  "a script as a path": "/%3Cscript%3Ealert(1)%3C/script%3E",
  "a script as an issue": "/issues/%3Cscript%3E",
  "a script as a commit": "/commit/%22%3E%3Cscript%3E",
  "a script as a branch": "/commits/%3Cimg%20src=x%20onerror=alert(1)%3E",
  "a script as a page": "/issues?page=%3Cscript%3E",
  "a script as a query": "/issues?%22%3E%3Cscript%3E=1",
  "a negative page": "/issues?page=-1",
  "a page without an end": "/issues?page=99999999999999999999",
  "the parent folder": "/blob/HEAD/..%2f..%2fconfig",
  "the parent folder twice encoded": "/blob/HEAD/%252e%252e%252fconfig",
  "git's configuration": "/.git/config",
  "git's configuration as a file": "/blob/main/.git/config",
  "a branch for a commit": "/blob/main/README.md",
  "an option for git": "/commit/--output=x",
  "an option as a branch": "/commits/--all",
  "a range as a commit": "/commit/HEAD..main",
  "a revision as a commit": "/commit/HEAD%5E",
  "an object's path as a commit": "/commit/main:README.md",
  "a line end": "/issues/1%0d%0aset-cookie:%20a=b",
  NUL: "/blob/%00/x",
  "an invalid encoding": "/issues/%ff%fe",
  "a long path": `/commits/${"a".repeat(6_000)}`,
  "prototype names": "/__proto__/constructor",
  "a log of another job": "/actions/runs/1/job/999999",
};

attackFamily(
  "pages",
  Object.fromEntries(Object.entries(ADDRESSES).map(([name, path]) => [`at the address of ${name}`, { path }] as const)),
  async ({ path }) => {
    const { status, text, headers } = await shared().look(`${AT}${path}`);
    if (headers["set-cookie"] !== undefined || /\[core\]|repositoryformatversion/.test(text)) return { through: text.slice(0, 200) };
    return text.startsWith("<!doctype html>")
      ? judgePage(status, text)
      : status < 500
        ? { stopped: "refused" }
        : { through: `status ${status}` };
  },
);

/** Names that a website could point to this machine, or that a browser could write differently. */
const HOSTS = [
  "evil.example",
  "127.0.0.1.evil.example",
  "localhost.evil.example",
  "evil.localhost",
  "x.github.localhost",
  "api.github.com",
  "github.com",
  "localhost.",
  "127.0.0.1.",
  "127.1",
  "127.0.0.2",
  "0.0.0.0",
  "2130706433",
  "0x7f000001",
  "[::]",
  "[::ffff:127.0.0.1]",
  "127.0.0.1@evil.example",
  "localhost:80:80",
  "localhost, evil.example",
  "localhost/evil.example",
];

attackFamily(
  "pages",
  Object.fromEntries(
    HOSTS.flatMap((host) =>
      [AT, "/", `/api/v3/repos${AT}`, `${AT}/state`].map(
        (path) => [`${path} under the name ${JSON.stringify(host)}`, { host, path }] as const,
      ),
    ),
  ),
  async ({ host, path }) => {
    const { status, text } = await ask(`${shared().forge.url}${path}`, { host });
    return status === 421 || status === 400 ? { stopped: "other-host" } : { through: `status ${status}: ${text.slice(0, 100)}` };
  },
);
