/** RFC 3339 in UTC with milliseconds and `Z`: PostgreSQL's own JSON form would end in `+00:00` and drop zeros. */
export const jsonTimeSql = (column: string): string => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
