import { encodePacket, FLUSH_PACKET, readPackets } from "../../storage/git/packet-line.ts";
import type { MovedRef } from "./apply-push.ts";

/**
 * Reads and writes the packets of receive-pack.
 * https://git-scm.com/docs/gitprotocol-pack#_reference_update_request_and_packfile_transfer
 */

const ZERO_OBJECT_ID = "0".repeat(40);

const REPORT_BAND = 1;

/** Returns the packets up to the first flush packet, and the bytes after it. */
const readUntilFlush = (bytes: Buffer): { lines: Buffer[]; rest: Buffer } => {
  const lines: Buffer[] = [];
  for (const { packet, end } of readPackets(bytes)) {
    if (packet === null) return { lines, rest: bytes.subarray(end) };
    lines.push(packet);
  }
  return { lines, rest: Buffer.alloc(0) };
};

const nullIfZero = (sha: string): string | null => (sha === ZERO_OBJECT_ID ? null : sha);

export type ReadPush = {
  readonly moves: readonly MovedRef[];
  /** Empty if all moves are deletions. */
  readonly pack: Buffer;
  readonly capabilities: readonly string[];
  /** Whether the push consists of nothing but these moves. */
  readonly isPlain: boolean;
};

/** Reads the ref moves that a push requests and its pack. */
export const readPush = (body: Buffer): ReadPush => {
  const { lines, rest } = readUntilFlush(body);
  const capabilities = lines[0]?.toString("utf8").split("\0")[1] ?? "";
  const names = capabilities.trim().split(" ");
  const pack = names.includes("push-options") ? readUntilFlush(rest).rest : rest;
  const moves = lines.flatMap((line): MovedRef[] => {
    const [, from, to, ref] = /^([0-9a-f]{40}) ([0-9a-f]{40}) ([^\0\n]+)/.exec(line.toString("utf8")) ?? [];
    return from !== undefined && to !== undefined && ref !== undefined ? [{ ref, from: nullIfZero(from), to: nullIfZero(to) }] : [];
  });
  return { moves, pack, capabilities: names, isPlain: moves.length === lines.length };
};

const PACK_HEADER_BYTES = 12;

/** The number of objects that a pack claims to hold. */
export const countObjects = (pack: Buffer): number => (pack.length < PACK_HEADER_BYTES ? pack.length : pack.readUInt32BE(8));

const MAX_PACKET_BYTES = 65_000;

/** The answer to a push whose moves are all done, for a client with side bands. */
export const formatPushReport = (moves: readonly MovedRef[]): Buffer => {
  const lines = ["unpack ok", ...moves.map(({ ref }) => `ok ${ref}`)].map((line) => encodePacket(Buffer.from(`${line}\n`)));
  return Buffer.concat([encodePacket(Buffer.concat([Buffer.from([REPORT_BAND]), ...lines, FLUSH_PACKET])), FLUSH_PACKET]);
};

/** Replaces git's "hook declined" by the reason for each refused ref. */
export const addRefusalReasons = (answer: Buffer, reasons: ReadonlyMap<string, string>): Buffer => {
  if (reasons.size === 0) return answer;
  const parts = [...readPackets(answer)].flatMap(({ packet: part }) => (part === null ? [] : [part]));
  const reportBytes = Buffer.concat(parts.filter((part) => part[0] === REPORT_BAND).map((part) => part.subarray(1)));
  const report = [...readPackets(reportBytes)].map(({ packet: line }) => {
    if (line === null) return FLUSH_PACKET;
    const ref = /^ng (\S+) hook declined\n?$/.exec(line.toString("utf8"))?.[1];
    const reason = ref === undefined ? undefined : reasons.get(ref);
    return encodePacket(reason === undefined ? line : Buffer.from(`ng ${ref} ${reason}\n`));
  });
  const newReport = Buffer.concat(report);
  const out = parts.filter((part) => part[0] !== REPORT_BAND).map(encodePacket);
  for (let at = 0; at < newReport.length; at += MAX_PACKET_BYTES)
    out.push(encodePacket(Buffer.concat([Buffer.from([REPORT_BAND]), newReport.subarray(at, at + MAX_PACKET_BYTES)])));
  return Buffer.concat([...out, FLUSH_PACKET]);
};
