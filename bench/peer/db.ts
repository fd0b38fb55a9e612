// D1, counted.
const used = { trips: 0, read: 0, written: 0 };

/** What this isolate has asked so far. */
export const usage = () => `trips=${used.trips};read=${used.read};written=${used.written}`;

/** Sends statements in one round trip, as one transaction → the rows of each. */
export async function batch(db: D1Database, ...statements: D1PreparedStatement[]): Promise<Record<string, unknown>[][]> {
  const results = await db.batch<Record<string, unknown>>(statements);
  used.trips++;
  return results.map(({ results, meta }) => {
    used.read += meta.rows_read;
    used.written += meta.rows_written;
    return results;
  });
}

/** One statement alone, which the platform sends with less around it → its rows. */
export async function rows<Row>(statement: D1PreparedStatement): Promise<Row[]> {
  const { results, meta } = await statement.all<Row>();
  used.trips++;
  used.read += meta.rows_read;
  used.written += meta.rows_written;
  return results;
}
