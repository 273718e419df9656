/** The child's half of the pool: reads requests that came together from stdin and answers them on descriptor 3. */
import { writeSync, writevSync } from 'node:fs';
import { isAppError } from '../errors.ts';
import { createFrameReader, type Frame, joinFrames, splitFrame, toFrameBytes } from './frames.ts';

/** Libraries print to stdout and stderr as they like, so answers have a descriptor of their own. */
export const replyDescriptor = 3;

const maxRequestBytes = 2 ** 32;

/** Serves until stdin ends, which it does when the parent dies. AppErrors travel as they are, others end the process. */
export function serveChild(handle: (request: Frame) => Promise<Frame>): void {
  const reader = createFrameReader(maxRequestBytes);
  process.stdin.on('data', (bytes: Buffer) => {
    const request = reader.push(bytes);
    if (request !== undefined) void answer(handle, request);
  });
  process.stdin.on('end', () => process.exit(0));
  process.stdin.on('error', () => process.exit(1));
  reply({ header: { ready: true }, parts: [] });
}

async function answer(handle: (request: Frame) => Promise<Frame>, joined: Frame): Promise<void> {
  const answers: Frame[] = [];
  for (const request of splitFrame(joined)) answers.push(await answerOne(handle, request));
  reply(joinFrames(answers));
}

async function answerOne(handle: (request: Frame) => Promise<Frame>, request: Frame): Promise<Frame> {
  try {
    const { header, parts } = await handle(request);
    return { header: { result: header }, parts };
  } catch (error) {
    if (!isAppError(error)) throw error;
    const { code, kind, message, details } = error;
    return { header: { error: { code, kind, message, details } }, parts: [] };
  }
}

function reply(frame: Frame): void {
  const pieces = toFrameBytes(frame);
  let written = writevSync(replyDescriptor, pieces);
  for (const bytes of pieces) {
    let offset = Math.min(written, bytes.byteLength);
    written -= offset;
    while (offset < bytes.byteLength) offset += writeSync(replyDescriptor, bytes, offset);
  }
}
