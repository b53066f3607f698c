import { createServer, type IncomingMessage } from "node:http";

const SENT_ON = ["content-type", "x-github-delivery", "x-github-event", "x-hub-signature-256"];

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
};

/**
 * Opens one webhook address in front of several processes. Each living process receives every delivery, unless `choose` picks some of them like
 * a load balancer. Deliveries are lost while no process lives.
 */
export const openFanOut = async (choose: (targets: readonly string[]) => readonly string[] = (targets) => targets) => {
  const targets = new Set<string>();
  const server = createServer((request, response) => {
    void bodyOf(request).then(async (body) => {
      const headers = Object.fromEntries(SENT_ON.flatMap((name) => [[name, String(request.headers[name] ?? "")]]));
      await Promise.allSettled(choose([...targets]).map((url) => fetch(url, { method: "POST", body: new Uint8Array(body), headers })));
      response.end();
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`,
    targets,
    close: (): Promise<void> =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
