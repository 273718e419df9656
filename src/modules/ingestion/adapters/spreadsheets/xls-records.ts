/** Records of an old Excel stream, from a place on to the end of its part; pieces of a long one stay apart. */

export type XlsRecord = { type: number; data: Buffer; continued: Buffer[] };

const continueRecord = 0x3c;
const endOfPart = 0x0a;

export function* readXlsRecords(stream: Buffer, start: number): Generator<XlsRecord> {
  let at = start;
  let record: XlsRecord | undefined;
  while (at + 4 <= stream.length) {
    const type = stream.readUInt16LE(at);
    const data = stream.subarray(at + 4, at + 4 + stream.readUInt16LE(at + 2));
    at += 4 + stream.readUInt16LE(at + 2);
    if (type === continueRecord && record !== undefined) {
      record.continued.push(data);
      continue;
    }
    if (record !== undefined) yield record;
    if (type === endOfPart) return;
    record = { type, data, continued: [] };
  }
  if (record !== undefined) yield record;
}
