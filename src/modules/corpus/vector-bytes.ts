/** Vectors as they are stored: little-endian float32. */

const littleEndianHost = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

export function toVectorBytes(vector: Float32Array): Buffer {
  if (littleEndianHost) return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
  const bytes = Buffer.allocUnsafe(vector.length * 4);
  vector.forEach((value, index) => {
    bytes.writeFloatLE(value, index * 4);
  });
  return bytes;
}

/** Copies, because the database driver's buffers are neither aligned nor ours to keep. */
export function fromVectorBytes(bytes: Buffer): Float32Array {
  const vector = new Float32Array(bytes.length / 4);
  if (littleEndianHost) Buffer.from(vector.buffer).set(bytes);
  else for (let index = 0; index < vector.length; index += 1) vector[index] = bytes.readFloatLE(index * 4);
  return vector;
}
