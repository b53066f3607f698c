import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A bare repository `octo/demo`, served by git's own HTTP backend to requests with a listed token. */
export type GitServer = {
  readonly url: string;
  /** Tokens of the served requests, in order. */
  readonly served: string[];
  /** Every request, in order. */
  readonly requests: { readonly line: string; sentBytes: number }[];
  readonly bare: string;
  git(...args: string[]): string;
  /** Commits files on a branch of the bare repository and returns the commit. */
  commit(branch: string, files: Readonly<Record<string, string>>): string;
};

const tokenOf = (request: IncomingMessage): string | null => {
  const [, basic] = /^basic (.*)$/i.exec(request.headers.authorization ?? "") ?? [];
  return basic === undefined
    ? null
    : Buffer.from(basic, "base64")
        .toString()
        .replace(/^[^:]*:/, "");
};

const serve = (root: string, request: IncomingMessage, response: ServerResponse): void => {
  const url = new URL(request.url ?? "/", "http://x");
  const child = spawn("git", ["http-backend"], {
    env: {
      PATH: process.env["PATH"],
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers["content-type"],
      CONTENT_LENGTH: request.headers["content-length"],
      HTTP_CONTENT_ENCODING: request.headers["content-encoding"],
      GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
      REMOTE_USER: "someone",
    },
  });
  request.pipe(child.stdin).on("error", () => undefined);
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.on("close", () => {
    const answer = Buffer.concat(chunks);
    const end = answer.indexOf("\r\n\r\n");
    const headers = answer
      .subarray(0, end)
      .toString()
      .split("\r\n")
      .map((line) => line.split(": "));
    const status = Number(headers.find(([name]) => name === "Status")?.[1]?.slice(0, 3) ?? 200);
    for (const [name = "", value = ""] of headers) if (name !== "Status") response.setHeader(name, value);
    const body = answer.subarray(end + 4);
    response.setHeader("content-length", body.length);
    response.writeHead(status).end(body);
  });
};

const toData = (text: string): string => `data ${Buffer.byteLength(text)}\n${text}\n`;

/** Serves a repository below `root` until the test ends. Requests with one of `tokens` may read and write. */
export const createGitServer = async (root: string, tokens: readonly string[]): Promise<GitServer> => {
  const bare = join(root, "octo", "demo.git");
  mkdirSync(bare, { recursive: true });
  const env = { ...process.env, GIT_AUTHOR_NAME: "A", GIT_AUTHOR_EMAIL: "a@x", GIT_COMMITTER_NAME: "A", GIT_COMMITTER_EMAIL: "a@x" };
  const run = (input: string, ...args: string[]): string =>
    execFileSync("git", ["-C", bare, ...args], { env, input, encoding: "utf8" }).trim();
  run("", "init", "--quiet", "--bare", "--initial-branch=main");
  appendFileSync(join(bare, "config"), "[uploadpack]\n\tallowAnySHA1InWant = true\n[http]\n\treceivepack = true\n");
  const served: string[] = [];
  const requests: GitServer["requests"] = [];
  const server = createServer((request, response) => {
    const entry = { line: `${request.method} ${request.url}`, sentBytes: 0 };
    requests.push(entry);
    response.on("finish", () => void (entry.sentBytes = Number(response.getHeader("content-length") ?? 0)));
    const token = tokenOf(request);
    if (token === null || !tokens.includes(token)) {
      response.writeHead(token === null ? 401 : 403, token === null ? { "www-authenticate": 'Basic realm="git"' } : {}).end();
      return;
    }
    served.push(token);
    serve(root, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    served,
    requests,
    bare,
    git: (...args) => run("", ...args),
    commit: (branch, files) => {
      const ref = `refs/heads/${branch}`;
      const hasParent = existsSync(join(bare, ref));
      const lines = Object.entries(files).map(([path, text]) => `M 100644 inline ${path}\n${toData(text)}`);
      const from = hasParent ? `from ${ref}^0\n` : "";
      // One process, where plumbing needs six and one more for each file.
      return run(
        `commit ${ref}\nmark :1\ncommitter A <a@x> now\n${toData(`on ${branch}`)}${from}deleteall\n${lines.join("")}get-mark :1\n`,
        "fast-import",
        "--quiet",
        "--date-format=now",
      );
    },
  };
};
