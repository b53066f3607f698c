import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server as HttpServer } from "node:http";
import { createServer as createSecureServer, type Server as HttpsServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import type { Duplex } from "node:stream";
import { join } from "node:path";
import { onTestFinished } from "vitest";

const CREDENTIALS = "someone:s3cret";
const CHALLENGE =
  'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="company"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';
/** A name that only the proxy knows. */
export const COMPANY_HOST = "github.company.example";

const listen = async (server: HttpServer | HttpsServer): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => void server.close(() => resolve()));
  });
  return (server.address() as AddressInfo).port;
};

const createCertificate = () => {
  const root = mkdtempSync(join(tmpdir(), "enki-company-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const [key, file] = [join(root, "key.pem"), join(root, "ca.pem")];
  const subject = ["-subj", `/CN=${COMPANY_HOST}`, "-addext", `subjectAltName=DNS:${COMPANY_HOST}`];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  execFileSync("openssl", ["req", "-x509", ...kind, "-keyout", key, "-out", file, ...subject], { stdio: "ignore" });
  return { key: readFileSync(key, "utf8"), cert: readFileSync(file, "utf8"), file };
};

/** Opens a server with a certificate of its own authority behind a proxy with a password, like in a company's network. */
export const openCompanyNetwork = async (answer: RequestListener) => {
  const { key, cert, file } = createCertificate();
  const port = await listen(createSecureServer({ key, cert }, answer));
  const tunnels: string[] = [];
  const sockets: Duplex[] = [];
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
  const proxy = createServer();
  proxy.on("connect", ({ url = "", headers }, socket) => {
    const isKnown = headers["proxy-authorization"] === `Basic ${Buffer.from(CREDENTIALS).toString("base64")}`;
    if (!isKnown) return void socket.end(CHALLENGE);
    tunnels.push(url);
    const upstream = connect(port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      socket.pipe(upstream).pipe(socket);
    });
    sockets.push(socket, upstream);
    for (const each of [socket, upstream]) each.on("error", () => upstream.destroy() && socket.destroy());
  });
  const address = `127.0.0.1:${await listen(proxy)}`;
  return { proxy: `http://${CREDENTIALS}@${address}`, otherProxy: `http://someone:wr0ng@${address}`, certificates: file, tunnels };
};
