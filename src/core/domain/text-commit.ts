import { createHash } from "node:crypto";
import type { Millis, Sha } from "./ids.ts";
import { NOBODY } from "./product.ts";

/** A commit of texts without parents. Its id follows from the texts, so a comment can name the commit before the save. */
export type TextCommit = {
  readonly id: Sha;
  /** Texts by file name, in the root folder. */
  readonly files: Readonly<Record<string, string>>;
  /** The content of the commit object. */
  readonly object: string;
};

const AUTHOR = `${NOBODY.name} <${NOBODY.email}>`;

const hashObject = (type: "blob" | "tree" | "commit", content: Buffer): Sha =>
  createHash("sha1").update(`${type} ${content.length}\0`).update(content).digest("hex");

const deriveTreeId = (files: TextCommit["files"]): Sha => {
  const names = Object.keys(files).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const entries = names.flatMap((name) => [
    Buffer.from(`100644 ${name}\0`),
    Buffer.from(hashObject("blob", Buffer.from(files[name] ?? "")), "hex"),
  ]);
  return hashObject("tree", Buffer.concat(entries));
};

/** Composes the commit object. Git stores whole seconds. */
export const composeTextCommit = (files: TextCommit["files"], message: string, at: Millis): TextCommit => {
  const time = `${Math.max(0, Math.floor(at / 1_000))} +0000`;
  const object = `tree ${deriveTreeId(files)}\nauthor ${AUTHOR} ${time}\ncommitter ${AUTHOR} ${time}\n\n${message}\n`;
  return { id: hashObject("commit", Buffer.from(object)), files, object };
};
