/** A delta does not fit its base: the pack is damaged. */
class DeltaError extends Error {}

type Cursor = { at: number };

const readSize = (delta: Buffer, cursor: Cursor): number => {
  let [size, factor] = [0, 1];
  for (;;) {
    const byte = delta[cursor.at++] ?? 0;
    size += (byte & 0x7f) * factor;
    if ((byte & 0x80) === 0) return size;
    factor *= 128;
  }
};

/** Reads the little-endian number whose present bytes are the bits of `mask`. */
const readSparse = (delta: Buffer, cursor: Cursor, mask: number): number => {
  let [value, factor] = [0, 1];
  for (let bits = mask; bits > 0; bits >>= 1) {
    if (bits & 1) value += (delta[cursor.at++] ?? 0) * factor;
    factor *= 256;
  }
  return value;
};

const COPY_BIT = 0x80;
const DEFAULT_COPY_BYTES = 0x10000;

/** Applies a delta of git's pack format. Throws {@link DeltaError} if the delta belongs to another base, or makes more bytes than allowed. */
export const applyDelta = (base: Buffer, delta: Buffer, maxBytes: number): Buffer => {
  const cursor: Cursor = { at: 0 };
  const [baseSize, size] = [readSize(delta, cursor), readSize(delta, cursor)];
  if (baseSize !== base.length) throw new DeltaError("the delta has another base");
  if (size > maxBytes) throw new DeltaError("the object is too large");
  const out = Buffer.alloc(size);
  let filled = 0;
  while (cursor.at < delta.length) {
    const code = delta[cursor.at++] ?? 0;
    if (code & COPY_BIT) {
      const from = readSparse(delta, cursor, code & 0x0f);
      const length = readSparse(delta, cursor, (code >> 4) & 0x07) || DEFAULT_COPY_BYTES;
      filled += base.copy(out, filled, from, from + length);
    } else {
      filled += delta.copy(out, filled, cursor.at, cursor.at + code);
      cursor.at += code;
    }
  }
  if (filled !== size) throw new DeltaError("the delta has another length");
  return out;
};
