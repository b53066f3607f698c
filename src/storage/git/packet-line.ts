/** Packets of git's protocols: https://git-scm.com/docs/gitprotocol-common#_pkt_line_format */

export const FLUSH_PACKET = Buffer.from("0000");

/** Reads packets with their end positions; null for a flush packet. */
export function* readPackets(bytes: Buffer): Generator<{ readonly packet: Buffer | null; readonly end: number }> {
  for (let at = 0; at + 4 <= bytes.length;) {
    const length = Number.parseInt(bytes.toString("latin1", at, at + 4), 16);
    if (Number.isNaN(length)) return;
    const end = at + Math.max(4, length);
    yield { packet: length === 0 ? null : bytes.subarray(at + 4, end), end };
    at = end;
  }
}

export const encodePacket = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, "0")), bytes]);
