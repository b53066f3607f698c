import { createHash } from "node:crypto";
import type { RefMove } from "../../core/domain/decision.ts";
import { encodePacket, FLUSH_PACKET, readPackets } from "./packet-line.ts";
import { type PushLine, type PushResult, toPushRefusal } from "./push-refs.ts";
import { readRef } from "./read-refs.ts";
import type { GitContext } from "./run-git.ts";
import { MINUTE_MS } from "../../core/domain/durations.ts";

const ABSENT_ID = "0".repeat(40);
const CAPABILITIES = "report-status side-band-64k atomic";
const REPORT_BAND = 1;
const MESSAGE_BAND = 2;
const HTTP_TIMEOUT_MS = MINUTE_MS;
/** A pack of version 2 without objects. */
const EMPTY_PACK_HEADER = Buffer.from("PACK\0\0\0\u0002\0\0\0\0", "latin1");

export type NearPush = {
  readonly url: string;
  readonly token: string | undefined;
  /** The remote's bare repository on the same machine, which has all objects already. */
  readonly near: string;
};

/** Pushes as {@link pushRefs} does, without a process: only the moves are sent. */
export const pushNear = async (at: GitContext, to: NearPush, moves: readonly RefMove[]): Promise<PushResult> => {
  const remote = { ...at, directory: to.near };
  const known = new Map(await Promise.all(moves.map(async ({ ref }) => [ref, await readRef(remote, ref)] as const)));
  const open = moves.filter(({ ref, newSha }) => known.get(ref) !== newSha);
  const stale = open.filter(({ ref, oldSha }) => known.get(ref) !== oldSha).map(({ ref }) => ref);
  if (stale.length > 0) return { kind: "stale", refs: stale, text: "stale info" };
  return open.length === 0 ? { kind: "pushed" } : sendMoves(at, to, open);
};

const encodeMoves = (moves: readonly RefMove[]): Buffer => {
  const lines = moves.map(({ ref, oldSha, newSha }, index) =>
    encodePacket(Buffer.from(`${oldSha ?? ABSENT_ID} ${newSha ?? ABSENT_ID} ${ref}${index === 0 ? `\0${CAPABILITIES}` : ""}`)),
  );
  const isDeletion = moves.every(({ newSha }) => newSha === null);
  const pack = isDeletion ? [] : [EMPTY_PACK_HEADER, createHash("sha1").update(EMPTY_PACK_HEADER).digest()];
  return Buffer.concat([...lines, FLUSH_PACKET, ...pack]);
};

const sendMoves = async (
  { after, stop, timeoutMs = HTTP_TIMEOUT_MS }: GitContext,
  to: NearPush,
  moves: readonly RefMove[],
): Promise<PushResult> => {
  const limit = new AbortController();
  const cancel = after(timeoutMs, () => limit.abort());
  try {
    const answer = await fetch(`${to.url}/git-receive-pack`, {
      method: "POST",
      signal: stop ? AbortSignal.any([stop, limit.signal]) : limit.signal,
      headers: {
        "content-type": "application/x-git-receive-pack-request",
        ...(to.token !== undefined && { authorization: `Basic ${Buffer.from(`x-access-token:${to.token}`).toString("base64")}` }),
      },
      body: new Uint8Array(encodeMoves(moves)),
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    if (answer.ok) return readReport(bytes, moves);
    const text = `${answer.status} ${bytes.toString("utf8").trim()}`;
    return answer.status < 500 ? { kind: "not-sent", text } : { kind: "unclear", text };
  } catch (error) {
    return { kind: "unclear", text: error instanceof Error ? error.message : String(error) };
  } finally {
    cancel();
  }
};

const readBand = (bytes: Buffer, band: number): Buffer =>
  Buffer.concat([...readPackets(bytes)].flatMap(({ packet }) => (packet?.[0] === band ? [packet.subarray(1)] : [])));

/** Reads the report of receive-pack: https://git-scm.com/docs/gitprotocol-pack#_report_status */
const readReport = (bytes: Buffer, moves: readonly RefMove[]): PushResult => {
  const lines = [...readPackets(readBand(bytes, REPORT_BAND))].flatMap(({ packet }) => packet?.toString("utf8").trimEnd() ?? []);
  const messages = readBand(bytes, MESSAGE_BAND).toString("utf8");
  const refused = lines.flatMap((line): PushLine[] => {
    const [, ref, reason] = /^ng (\S+) (.*)$/.exec(line) ?? [];
    return ref === undefined ? [] : [{ flag: "!", ref, summary: `[remote rejected] (${reason ?? ""})` }];
  });
  if (refused.length > 0) return toPushRefusal(refused, messages.replaceAll(/^/gm, "remote: "));
  const done = new Set(lines.flatMap((line) => /^ok (\S+)/.exec(line)?.[1] ?? []));
  return moves.every(({ ref }) => done.has(ref)) ? { kind: "pushed" } : { kind: "unclear", text: lines.join("\n") };
};
