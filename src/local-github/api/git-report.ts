import type { MovedRef } from "./apply-push.ts";

/** What receive-pack is asked and what it answers, as packets. https://git-scm.com/docs/gitprotocol-pack#_reference_update_request_and_packfile_transfer */

const FLUSH_PACKET = Buffer.from("0000");
const ZERO_OBJECT_ID = "0".repeat(40);

/** Packets from a place on; null for a flush. */
function* readPackets(bytes: Buffer): Generator<{ readonly packet: Buffer | null; readonly end: number }> {
  for (let at = 0; at + 4 <= bytes.length;) {
    const length = Number.parseInt(bytes.toString("latin1", at, at + 4), 16);
    if (Number.isNaN(length)) return;
    const end = at + Math.max(4, length);
    yield { packet: length === 0 ? null : bytes.subarray(at + 4, end), end };
    at = end;
  }
}

/** Packets up to the first flush, and what comes after it. */
const readUntilFlush = (bytes: Buffer): { lines: Buffer[]; rest: Buffer } => {
  const lines: Buffer[] = [];
  for (const { packet, end } of readPackets(bytes)) {
    if (packet === null) return { lines, rest: bytes.subarray(end) };
    lines.push(packet);
  }
  return { lines, rest: Buffer.alloc(0) };
};

const nullIfZero = (sha: string): string | null => (sha === ZERO_OBJECT_ID ? null : sha);

/** The moves that a push asks for, and the pack that comes with them; empty for deletions only. */
export const readPush = (body: Buffer): { readonly moves: readonly MovedRef[]; readonly pack: Buffer } => {
  const { lines, rest } = readUntilFlush(body);
  const capabilities = lines[0]?.toString("utf8").split("\0")[1] ?? "";
  const pack = /(?:^| )push-options(?: |\n|$)/.test(capabilities) ? readUntilFlush(rest).rest : rest;
  const moves = lines.flatMap((line): MovedRef[] => {
    const [, from, to, ref] = /^([0-9a-f]{40}) ([0-9a-f]{40}) ([^\0\n]+)/.exec(line.toString("utf8")) ?? [];
    return from !== undefined && to !== undefined && ref !== undefined ? [{ ref, from: nullIfZero(from), to: nullIfZero(to) }] : [];
  });
  return { moves, pack };
};

const encodePacket = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, "0")), bytes]);

const MAX_PACKET_BYTES = 65_000;

/** Puts our words for each refused ref where git says only that a hook declined. */
export const addRefusalReasons = (answer: Buffer, words: ReadonlyMap<string, string>): Buffer => {
  if (words.size === 0) return answer;
  const parts = [...readPackets(answer)].flatMap(({ packet: part }) => (part === null ? [] : [part]));
  const said = Buffer.concat(parts.filter((part) => part[0] === 1).map((part) => part.subarray(1)));
  const report = [...readPackets(said)].map(({ packet: line }) => {
    if (line === null) return FLUSH_PACKET;
    const ref = /^ng (\S+) hook declined\n?$/.exec(line.toString("utf8"))?.[1];
    const why = ref === undefined ? undefined : words.get(ref);
    return encodePacket(why === undefined ? line : Buffer.from(`ng ${ref} ${why}\n`));
  });
  const told = Buffer.concat(report);
  const out = parts.filter((part) => part[0] !== 1).map(encodePacket);
  for (let at = 0; at < told.length; at += MAX_PACKET_BYTES)
    out.push(encodePacket(Buffer.concat([Buffer.from([1]), told.subarray(at, at + MAX_PACKET_BYTES)])));
  return Buffer.concat([...out, FLUSH_PACKET]);
};
