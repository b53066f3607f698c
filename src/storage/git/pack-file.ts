import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { applyDelta } from "./apply-delta.ts";

/** A type of git's objects. */
export type GitObjectType = "blob" | "tree" | "commit" | "tag";
export type GitObject = { readonly type: GitObjectType; readonly content: Buffer };

/** One pack with its index, as git wrote them. */
export type PackFile = {
  /** The object, or null if the pack lacks it or a part of it is larger. */
  readonly read: (id: Buffer, maxBytes: number) => GitObject | null;
  /** Whether the pack has the object and still exists. */
  readonly has: (id: Buffer) => boolean;
};

const INDEX_MAGIC = 0xff744f63;
const FANOUT_START = 8;
const NAMES_START = FANOUT_START + 256 * 4;
const ID_BYTES = 20;
const TYPES: readonly (GitObjectType | null)[] = [null, "commit", "tree", "blob", "tag"];
const OFFSET_DELTA = 6;
const ID_DELTA = 7;
/** An upper bound for the header of a packed object, in bytes. */
const MAX_HEADER_BYTES = 64;
const MAX_DELTA_DEPTH = 4_096;

type PackIndex = { readonly find: (id: Buffer) => number | null };

/** Reads an index of version 2; null for other versions. */
const readPackIndex = (bytes: Buffer): PackIndex | null => {
  if (bytes.length < NAMES_START || bytes.readUInt32BE(0) !== INDEX_MAGIC || bytes.readUInt32BE(4) !== 2) return null;
  const count = bytes.readUInt32BE(NAMES_START - 4);
  const offsets = NAMES_START + count * (ID_BYTES + 4);
  const readOffset = (at: number): number => {
    const offset = bytes.readUInt32BE(offsets + at * 4);
    return offset < 0x80000000 ? offset : Number(bytes.readBigUInt64BE(offsets + count * 4 + (offset - 0x80000000) * 8));
  };
  return {
    find: (id) => {
      const first = id[0] ?? 0;
      let low = first === 0 ? 0 : bytes.readUInt32BE(FANOUT_START + (first - 1) * 4);
      let high = bytes.readUInt32BE(FANOUT_START + first * 4);
      while (low < high) {
        const middle = (low + high) >>> 1;
        const start = NAMES_START + middle * ID_BYTES;
        const order = bytes.compare(id, 0, ID_BYTES, start, start + ID_BYTES);
        if (order === 0) return readOffset(middle);
        if (order < 0) low = middle + 1;
        else high = middle;
      }
      return null;
    },
  };
};

type EntryHeader = { readonly kind: number; readonly size: number; readonly end: number };

/** Reads the type and the size of an entry from its first bytes. */
const readEntryHeader = (bytes: Buffer): EntryHeader => {
  let byte = bytes[0] ?? 0;
  const kind = (byte >> 4) & 7;
  let [size, factor, end] = [byte & 15, 16, 1];
  while (byte & 0x80) {
    byte = bytes[end++] ?? 0;
    size += (byte & 0x7f) * factor;
    factor *= 128;
  }
  return { kind, size, end };
};

/** Reads the distance to the base of a delta. */
const readBaseDistance = (bytes: Buffer, start: number): { distance: number; end: number } => {
  let end = start;
  let byte = bytes[end++] ?? 0;
  let distance = byte & 0x7f;
  while (byte & 0x80) {
    byte = bytes[end++] ?? 0;
    distance = (distance + 1) * 128 + (byte & 0x7f);
  }
  return { distance, end };
};

/** An upper bound for the compressed bytes of so many bytes. */
const boundCompressed = (size: number): number => size + (size >>> 8) + 128;

type PackReader = (offset: number, length: number) => Buffer;

/** Opens a pack by the path of its index; null if the index has another version. */
export const openPackFile = (indexPath: string): PackFile | null => {
  const index = readPackIndex(readFileSync(indexPath));
  if (!index) return null;
  const path = indexPath.replace(/idx$/, "pack");
  const withFile = <T>(work: (read: PackReader) => T): T => {
    const file = openSync(path, "r");
    try {
      const { size } = fstatSync(file);
      return work((offset, length) => {
        const bytes = Buffer.allocUnsafe(Math.min(length, size - offset));
        return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, offset));
      });
    } finally {
      closeSync(file);
    }
  };
  const readEntry = (read: PackReader, offset: number, room: { readonly depth: number; readonly maxBytes: number }): GitObject | null => {
    const head = read(offset, MAX_HEADER_BYTES);
    const { kind, size, end } = readEntryHeader(head);
    if (size > room.maxBytes || room.depth > MAX_DELTA_DEPTH) return null;
    const inflate = (at: number): Buffer => inflateSync(read(offset + at, boundCompressed(size)), { maxOutputLength: Math.max(size, 1) });
    const type = TYPES[kind];
    if (type) return { type, content: size === 0 ? Buffer.alloc(0) : inflate(end) };
    if (kind !== OFFSET_DELTA && kind !== ID_DELTA) return null;
    const link = kind === OFFSET_DELTA ? readBaseDistance(head, end) : null;
    const baseOffset = link ? offset - link.distance : index.find(head.subarray(end, end + ID_BYTES));
    const base = baseOffset === null ? null : readEntry(read, baseOffset, { ...room, depth: room.depth + 1 });
    return base && { type: base.type, content: applyDelta(base.content, inflate(link ? link.end : end + ID_BYTES), room.maxBytes) };
  };
  return {
    has: (id) => index.find(id) !== null && existsSync(path),
    read: (id, maxBytes) => {
      const offset = index.find(id);
      return offset === null ? null : withFile((read) => readEntry(read, offset, { depth: 0, maxBytes }));
    },
  };
};
