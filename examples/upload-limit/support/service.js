import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createUploadServer } from "../src/server.js";

/** A running service with a directory of its own, which goes when the test is over. */
export const startService = async (context, { maxUploadBytes }) => {
  const directory = mkdtempSync(join(tmpdir(), "uploads-"));
  const server = createUploadServer({ directory, maxUploadBytes });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => {
    server.close();
    server.closeAllConnections();
    rmSync(directory, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${server.address().port}/files`;
  return {
    put: (name, body) => fetch(`${url}/${name}`, { method: "PUT", body }),
    get: (name) => fetch(`${url}/${name}`),
  };
};
