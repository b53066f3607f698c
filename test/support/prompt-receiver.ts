import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Receives the prompts of fixture agents over loopback, because agents write to no directory that a test can read. */
export const openPromptReceiver = async () => {
  const prompts = new Map<string, string>();
  const server = createServer((request, answer) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    request.on("end", () => {
      prompts.set((request.url ?? "").slice(1), text);
      answer.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Returns the last prompt of a step or of a kind of job. */
    prompt: (name: string): string => {
      const text = prompts.get(name);
      if (text === undefined) throw new Error(`no prompt of ${name} was received`);
      return text;
    },
  };
};
