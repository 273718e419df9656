import { crc32, deflateRawSync } from 'node:zlib';

export type ZipPart = {
  name: string;
  content: string | Uint8Array;
  /** Lies that a test wants told. */
  declaredSize?: number;
  encrypted?: boolean;
  checksum?: number;
  /** Start of another part that this one claims to share its bytes with. */
  offset?: number;
};

/** A ZIP file for tests, deflated; says what it is told to say. */
export function makeZip(parts: readonly ZipPart[] | Readonly<Record<string, string | Uint8Array>>): Buffer {
  const list = Array.isArray(parts)
    ? (parts as readonly ZipPart[])
    : Object.entries(parts).map(([name, content]) => ({ name, content }));
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let length = 0;
  for (const part of list as readonly ZipPart[]) {
    const content = Buffer.from(part.content as string);
    // Each compressor holds a quarter of a megabyte until it is collected: not for a million of empty parts.
    const data = content.length === 0 ? content : deflateRawSync(content, { level: 6 });
    const name = Buffer.from(part.name);
    const fields = toFields({ part, content, data, name });
    bodies.push(Buffer.concat([Buffer.from('504b0304', 'hex'), fields, name, data]));
    const header = Buffer.alloc(46);
    header.write('504b0102', 0, 'hex');
    header.writeUInt16LE(20, 4);
    fields.copy(header, 6);
    header.writeUInt32LE(part.offset ?? length, 42);
    directory.push(header, name);
    length += 30 + name.length + data.length;
  }
  const central = Buffer.concat(directory);
  return Buffer.concat([...bodies, central, toEnd(list.length, central.length, length)]);
}

function toFields({
  part,
  content,
  data,
  name,
}: {
  part: ZipPart;
  content: Buffer;
  data: Buffer;
  name: Buffer;
}): Buffer {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE(part.encrypted ? 0x801 : 0x800, 2);
  fields.writeUInt16LE(content.length === 0 ? 0 : 8, 4);
  fields.writeUInt32LE((part.checksum ?? crc32(content)) >>> 0, 10);
  fields.writeUInt32LE(data.length, 14);
  fields.writeUInt32LE(part.declaredSize ?? content.length, 18);
  fields.writeUInt16LE(name.length, 22);
  return fields;
}

/** More entries than fit 16 bits are written in the extended form of the directory's end. */
function toEnd(count: number, size: number, offset: number): Buffer {
  const end = Buffer.alloc(22);
  end.write('504b0506', 0, 'hex');
  end.writeUInt16LE(Math.min(count, 0xffff), 8);
  end.writeUInt16LE(Math.min(count, 0xffff), 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  if (count < 0xffff) return end;
  const wide = Buffer.alloc(56);
  wide.write('504b0606', 0, 'hex');
  wide.writeBigUInt64LE(44n, 4);
  wide.writeBigUInt64LE(BigInt(count), 24);
  wide.writeBigUInt64LE(BigInt(count), 32);
  wide.writeBigUInt64LE(BigInt(size), 40);
  wide.writeBigUInt64LE(BigInt(offset), 48);
  const locator = Buffer.alloc(20);
  locator.write('504b0607', 0, 'hex');
  locator.writeBigUInt64LE(BigInt(offset + size), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([wide, locator, end]);
}
