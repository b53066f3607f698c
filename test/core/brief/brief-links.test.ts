import { expect, test } from "vitest";
import { findBriefLinks } from "../../../src/core/brief/brief-links.ts";

const HOME = { server: "https://github.com", repository: "octo/demo" };
const SHA = "c".repeat(40);
const urls = (text: string): string[] => findBriefLinks(text, HOME).map(({ url }) => url);

test.each([
  "https://github.com/user-attachments/files/17/server.log",
  "https://github.com/octo/demo/files/17/server.log",
  "https://github.com/Octo/Demo/files/17/server.log",
])("an attachment: %s", (url) => {
  expect(urls(`See [it](${url}), <${url}> and ${url}.`)).toEqual([url]);
});

test.each([
  ["another host", "https://github.com.evil.example/user-attachments/files/17/a.log"],
  ["a host with a name before it", "https://github.com@evil.example/user-attachments/files/17/a.log"],
  ["a name and a password", "https://a:b@github.com/user-attachments/files/17/a.log"],
  ["another port", "https://github.com:8080/user-attachments/files/17/a.log"],
  ["no encryption", "http://github.com/user-attachments/files/17/a.log"],
  ["an address of the machine", "http://127.0.0.1/user-attachments/files/17/a.log"],
  ["another repository's", "https://github.com/octo/secret/files/17/a.log"],
  ["any page", "https://github.com/octo/demo/issues/7"],
  ["a way out", "https://github.com/user-attachments/files/17/../../octo/demo"],
  ["an image", "https://github.com/user-attachments/assets/0c1d0d76"],
  ["code of another repository", `https://github.com/octo/secret/blob/${SHA}/a.ts#L1`],
  ["code at a branch, which moves", "https://github.com/octo/demo/blob/main/a.ts#L1"],
  ["no address", "https://[::1"],
])("ignores the link: %s", (_, url) => {
  expect(urls(`See ${url} here`)).toEqual([]);
});

test("an attachment's address drops its query", () => {
  expect(urls("https://github.com/user-attachments/files/17/a.log?next=https://evil.example#x")).toEqual([
    "https://github.com/user-attachments/files/17/a.log",
  ]);
});

test.each([
  ["#L10-L20", 10, 20],
  ["#L20-L10", 10, 20],
  ["#L10", 10, 10],
  ["#L10C3-L12C4", 10, 12],
  ["", 1, 200],
  ["#L1-L9999999", 1, 200],
  ["#L0", 1, 1],
  ["#readme", 1, 200],
])("a permalink with %j means lines %i to %i", (hash, from, to) => {
  expect(findBriefLinks(`https://github.com/octo/demo/blob/${SHA}/src/a%20b.ts${hash}`, HOME)).toEqual([
    {
      kind: "code",
      url: `https://github.com/octo/demo/blob/${SHA}/src/a%20b.ts`,
      commit: SHA,
      path: "src/a b.ts",
      startLine: from,
      endLine: to,
    },
  ]);
});
