import { createReadStream } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { randomUUID } from "node:crypto";

class TooLarge extends Error {}

/** Stores what is put under /files/<name> and gives it back. */
export const createUploadServer = ({ directory, maxUploadBytes }) =>
  createServer(async (request, response) => {
    const name = /^\/files\/([A-Za-z0-9][A-Za-z0-9._-]*)$/.exec(request.url ?? "")?.[1];
    if (name === undefined) return answer(response, 404, "not found");
    try {
      if (request.method === "PUT") {
        const size = await store(request, { directory, name, limit: maxUploadBytes });
        return answer(response, 201, `${size} bytes stored`);
      }
      if (request.method === "GET") return send(response, join(directory, name));
      return answer(response, 405, "PUT or GET");
    } catch (error) {
      if (error instanceof TooLarge) return answer(response, 413, `at most ${maxUploadBytes} bytes`);
      return answer(response, 500, "could not be stored");
    }
  });

const answer = (response, status, text) => response.writeHead(status, { "content-type": "text/plain" }).end(`${text}\n`);

/** Writes beside the target and renames, so that a broken upload is never seen. */
const store = async (request, { directory, name, limit }) => {
  await mkdir(directory, { recursive: true });
  const part = join(directory, `.${randomUUID()}.part`);
  const file = await open(part, "wx");
  let size = 0;
  try {
    for await (const chunk of request) {
      size += chunk.length;
      if (size > limit) throw new TooLarge();
      await file.write(chunk);
    }
    await file.close();
    await rename(part, join(directory, name));
    return size;
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(part, { force: true });
    throw error;
  }
};

const send = (response, path) => {
  const stream = createReadStream(path);
  stream.once("error", () => answer(response, 404, "not found"));
  stream.once("open", () => {
    response.writeHead(200, { "content-type": "application/octet-stream" });
    stream.pipe(response);
  });
};
