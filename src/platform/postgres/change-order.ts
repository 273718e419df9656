/**
 * The order of changes. Ids are made before their transaction commits, so `id > last` misses rows that commit late.
 * Every change row stores the id of its transaction, and a follower reads, in the order (xid, id), only what is older
 * than every transaction still open: nothing can appear before it any more.
 *
 * A table that is followed has `id uuid not null` and `xid xid8 not null default pg_current_xact_id()`, which the app
 * does not write, with an index on (xid, id).
 */
import { type Kysely, type Selectable, sql } from 'kysely';
import { AppError } from '../errors.ts';
import type { Transaction } from './ports.ts';

/** A place in the order of changes: everything up to and including it. */
export type Position = {
  /** Transaction id, decimal: 64 bits do not fit a number. */
  xid: string;
  id: string;
};

/** A row with its place. */
export type Change<Row> = { row: Row; position: Position };

/**
 * Reads the next settled changes after `after` (undefined: from the beginning), at most `limit`. An empty answer means
 * that nothing more is settled yet, not that nothing more was written.
 */
export async function readChanges<Tables, Table extends keyof Tables & string>(
  transaction: Transaction<Tables>,
  query: { table: Table; after: Position | undefined; limit: number },
): Promise<Change<Selectable<Tables[Table]>>[]> {
  const { table, after, limit } = query;
  const isAfter = after === undefined ? sql`true` : sql`(xid, id) > (${after.xid}::xid8, ${after.id}::uuid)`;
  const { rows } = await sql<Selectable<Tables[Table]> & Position>`
    select * from ${sql.table(table)}
    where ${isAfter} and xid < pg_snapshot_xmin(pg_current_snapshot())
    order by xid, id limit ${limit}`.execute(transaction);
  return rows.map((row) => ({ row, position: { xid: row.xid, id: row.id } }));
}

/** After every row that can be read now and before every other one: where a follower starts that loads the rest whole. */
export async function currentPosition<Tables>(transaction: Kysely<Tables>): Promise<Position> {
  const { rows } = await sql<{ oldest: string }>`select pg_snapshot_xmin(pg_current_snapshot()) as oldest`.execute(
    transaction,
  );
  return { xid: String(BigInt(rows[0]?.oldest ?? '1') - 1n), id: lastId };
}

const lastId = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/**
 * The last place before the position's transaction. It names no row, so it may be shown to every organization: the id in
 * a follower's position is of whoever changed something last.
 */
export function withoutRow(position: Position): Position {
  return position.id === lastId ? position : { xid: String(BigInt(position.xid) - 1n), id: lastId };
}

/** Negative when `left` comes first, zero when they are the same. */
export function comparePositions(left: Position, right: Position): number {
  const byTransaction = BigInt(left.xid) - BigInt(right.xid);
  if (byTransaction !== 0n) return byTransaction < 0n ? -1 : 1;
  if (left.id === right.id) return 0;
  return left.id < right.id ? -1 : 1;
}

const format = /^([0-9a-z]{1,13})[.]([\w-]{22})$/;
const largestXid = 2n ** 64n - 1n;

/** A short opaque string for the outside, e.g. `l7.AZqx…`. */
export function formatPosition({ xid, id }: Position): string {
  return `${BigInt(xid).toString(36)}.${Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url')}`;
}

/** Reads what `formatPosition` wrote; throws AppError `CHANGE_POSITION_INVALID` for anything else. */
export function parsePosition(text: string): Position {
  const [, first = '', second = ''] = format.exec(text) ?? [];
  const hex = Buffer.from(second, 'base64url').toString('hex');
  const position = {
    xid: String(parseBase36(first)),
    id: hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
  };
  if (first === '' || BigInt(position.xid) > largestXid || formatPosition(position) !== text) {
    throw new AppError('CHANGE_POSITION_INVALID', 'invalid', 'The position is not one that this server gave out.');
  }
  return position;
}

function parseBase36(text: string): bigint {
  return [...text].reduce((sum, digit) => sum * 36n + BigInt(Number.parseInt(digit, 36)), 0n);
}
