/**
 * R9: every route is sent what no sensible client sends. The server must not end, must answer nothing with an error that
 * is not meant (a 500), and must not grow.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createSampleServer } from '#platform/http/testing/sample-server.ts';
import { type NexusProcess, startNexus } from '../../bench/harness/nexus-process.ts';
import { createSeededRandom } from '../../bench/harness/seeded-random.ts';
import type { AssuranceContext, AssuranceOutcome, AssuranceProgram } from '../../scripts/assurance-program.ts';
import { type HostileRequest, hostileRequests, type OpenApi, routesOf } from './fuzz/hostile-requests.ts';

const requestsPerRoute = { ci: 100, full: 3_000 };
const atOnce = 8;
const replyDeadlineMs = 15_000;
const maxReplyBytes = 2_000_000;
/** What a full run may leave behind per 1,000 requests in its second half; a short one is still filling its heap. */
const maxGrowthKilobytes = 1_000;

/** Statuses that a hostile request is meant to get. 503 and 507 name a passing state, and 504 the time limit. */
const meantStatuses = new Set([503, 504, 507]);

type Outcome = { status: number; code: string } | 'cut';

export const program: AssuranceProgram = {
  describe: 'R9: every route is sent hostile requests; nothing ends, nothing is a 500, nothing grows',
  async run({ seed, full, log }: AssuranceContext): Promise<AssuranceOutcome> {
    const home = mkdtempSync(path.join(os.tmpdir(), 'nexus-fuzz-'));
    const server = await startNexus(home);
    try {
      const rounds = full ? requestsPerRoute.full : requestsPerRoute.ci;
      const seen = await sendRounds(server, { rounds, seed, log });
      const exits = isRunning(server) ? 0 : 1;
      const stillWorks = exits === 0 && (await server.call('GET', '/health/ready')).status === 200;
      const growth = growthPerThousand(seen.memory, seen.routes);
      const plantedFound = await findPlanted();
      return {
        n: seen.sent,
        figures: {
          routes: seen.routes,
          process_exits: exits,
          answers_not_meant: seen.notMeant.length,
          ready_afterwards: stillWorks,
          growth_kilobytes_per_1000_requests: Math.round(growth),
          statuses: seen.statuses,
          planted_faults_found: plantedFound,
        },
        pass: stillWorks && seen.notMeant.length === 0 && (!full || growth < maxGrowthKilobytes) && plantedFound === 1,
      };
    } finally {
      await server.stop();
      rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    }
  },
};

const isRunning = ({ child }: NexusProcess): boolean => child.exitCode === null && child.signalCode === null;

type Rounds = { rounds: number; seed: number; log: (line: string) => void };

/** One request of every route a round. */
async function sendRounds(server: NexusProcess, { rounds, seed, log }: Rounds) {
  const random = createSeededRandom(seed);
  const routes = routesOf(JSON.parse((await server.call('GET', '/openapi.json')).text) as OpenApi);
  const makers = routes.map((route) => hostileRequests(route, random));
  const statuses = new Map<string, number>();
  const notMeant: string[] = [];
  const memory: number[] = [];
  let sent = 0;

  function judge(request: HostileRequest, outcome: Outcome): void {
    sent += 1;
    const status = outcome === 'cut' ? 'cut' : String(outcome.status);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (!isMeant(outcome)) notMeant.push(describe(request, outcome));
  }

  for (let round = 0; round < rounds && isRunning(server); round += 1) {
    const requests = makers.map((maker) => maker.next().value as HostileRequest);
    for (let start = 0; start < requests.length; start += atOnce) {
      await Promise.all(
        requests.slice(start, start + atOnce).map(async (request) => judge(request, await send(server, request))),
      );
    }
    if (isRunning(server)) memory.push(residentKilobytes(server.pid));
    if (round % 50 === 49) log(`${round + 1}/${rounds} rounds, ${sent} requests, ${notMeant.length} not meant`);
  }
  for (const line of notMeant.slice(0, 20)) log(line);
  const counted = [...statuses].sort().map(([status, count]) => `${status}: ${count}`);
  return { routes: routes.length, sent, notMeant, memory, statuses: counted.join(', ') };
}

const isMeant = (outcome: Outcome): boolean =>
  outcome === 'cut' || outcome.status < 500 || (meantStatuses.has(outcome.status) && outcome.code !== '');

const describe = ({ method, target, body }: HostileRequest, outcome: Outcome): string =>
  `${method} ${target.slice(0, 200)} ${body?.subarray(0, 200).toString('latin1') ?? ''} → ${JSON.stringify(outcome)}`;

function send(server: Pick<NexusProcess, 'url' | 'token'>, request: HostileRequest): Promise<Outcome> {
  return request.contentLength === undefined
    ? sendHttp(server, request)
    : sendRaw(server, request, request.contentLength);
}

function sendHttp({ url, token }: Pick<NexusProcess, 'url' | 'token'>, request: HostileRequest): Promise<Outcome> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const { method, target, headers, body } = request;
    const sent = http.request(
      { hostname, port, method, path: target, headers: { ...headers, authorization: `Bearer ${token}` } },
      (reply) => {
        let text = '';
        reply.setEncoding('utf8');
        const finish = () => resolve({ status: reply.statusCode ?? 0, code: codeOf(text) });
        reply.on('data', (part: string) => {
          text += part;
          // A stream has begun well; it need not be read to its end.
          if (text.length > maxReplyBytes || reply.headers['content-type']?.startsWith('text/event-stream')) {
            finish();
            sent.destroy();
          }
        });
        reply.on('end', finish);
        reply.on('error', () => resolve('cut'));
      },
    );
    sent.setTimeout(replyDeadlineMs, () => sent.destroy());
    sent.on('error', () => resolve('cut'));
    sent.end(body);
  });
}

/** Past every client library: the head as it is. */
function sendRaw(
  { url, token }: Pick<NexusProcess, 'url' | 'token'>,
  request: HostileRequest,
  length: string,
): Promise<Outcome> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = net.connect(Number(port), hostname);
    let text = '';
    const end = () => {
      socket.destroy();
      const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
      resolve(
        status === undefined
          ? 'cut'
          : { status: Number(status), code: codeOf(text.slice(text.indexOf('\r\n\r\n') + 4)) },
      );
    };
    socket.setTimeout(500, end);
    socket.on('data', (part) => {
      text += part.toString('latin1');
    });
    socket.on('close', end);
    socket.on('error', end);
    socket.write(
      `${request.method} ${request.target} HTTP/1.1\r\nhost: ${hostname}:${port}\r\nauthorization: Bearer ${token}\r\ncontent-length: ${length}\r\n\r\n`,
    );
    if (request.body !== undefined) socket.write(request.body.subarray(0, 1_000));
  });
}

function codeOf(text: string): string {
  try {
    return String((JSON.parse(text) as { code?: unknown }).code ?? '');
  } catch {
    return '';
  }
}

const residentKilobytes = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);

/** Theil–Sen slope over the second half: the median of the slopes between all pairs. */
function growthPerThousand(samples: readonly number[], requestsPerSample: number): number {
  const half = samples.slice(Math.floor(samples.length / 2));
  const slopes = half.flatMap((late, index) =>
    half.slice(0, index).map((early, earlier) => (late - early) / (index - earlier)),
  );
  const middle = slopes.sort((left, right) => left - right)[Math.floor(slopes.length / 2)] ?? 0;
  return (middle / requestsPerSample) * 1_000;
}

/** A route with a mistake of the usual kind, which the same judgement must find. */
async function findPlanted(): Promise<number> {
  const server = await createSampleServer();
  try {
    const { url } = await server.listen();
    const request = { method: 'GET', target: '/api/v1/failing/somehow', headers: {}, body: undefined };
    return isMeant(await sendHttp({ url, token: 'good-token' }, request)) ? 0 : 1;
  } finally {
    await server.close();
  }
}
