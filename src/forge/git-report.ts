/** The answer of receive-pack, as packets. https://git-scm.com/docs/gitprotocol-pack#_report_status */

const FLUSH = Buffer.from("0000");

const packets = (bytes: Buffer): (Buffer | null)[] => {
  const found: (Buffer | null)[] = [];
  for (let at = 0; at + 4 <= bytes.length;) {
    const length = Number.parseInt(bytes.toString("latin1", at, at + 4), 16);
    found.push(length === 0 ? null : bytes.subarray(at + 4, at + length));
    at += Math.max(4, length);
  }
  return found;
};

const packet = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, "0")), bytes]);

const DECLINED = / hook declined\n?$/;
const MOST = 65_000;

/** Puts the words of our hook, one line for each refused ref, where git says only that a hook declined. */
export const tellWhy = (answer: Buffer): Buffer => {
  const parts = packets(answer).filter((part) => part !== null);
  const band = (number: number): Buffer => Buffer.concat(parts.filter((part) => part[0] === number).map((part) => part.subarray(1)));
  const why = band(2)
    .toString("utf8")
    .split("\n")
    .filter((line) => line.startsWith("refusing to allow"));
  if (why.length === 0) return answer;
  const report = packets(band(1)).map((line) => {
    if (line === null) return FLUSH;
    const text = line.toString("utf8");
    return packet(
      Buffer.from(
        text.startsWith("ng ") && DECLINED.test(text) ? text.replace(DECLINED, () => ` ${why.shift() ?? "hook declined"}\n`) : text,
      ),
    );
  });
  const told = Buffer.concat(report);
  const out = parts.filter((part) => part[0] !== 1).map(packet);
  for (let at = 0; at < told.length; at += MOST) out.push(packet(Buffer.concat([Buffer.from([1]), told.subarray(at, at + MOST)])));
  return Buffer.concat([...out, FLUSH]);
};
