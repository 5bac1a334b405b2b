// One query in a fresh DuckDB with two threads; prints its wall seconds.
import { DuckDBInstance } from '@duckdb/node-api';
const [kind, file] = process.argv.slice(2);
const plain = `select partition_key, count(*), sum(value), avg(value), count(distinct user_id) from '${file}' group by partition_key`;
const bounded = `with pairs as (
  select user_id, partition_key, count(*) as n, sum(least(greatest(value, 0.0), 10.0)) as s
  from (select *, row_number() over (partition by user_id, partition_key order by hash(value)) as r from '${file}')
  where r <= 4 group by user_id, partition_key),
kept as (select *, row_number() over (partition by user_id order by hash(user_id, partition_key)) as p from pairs)
select partition_key, sum(n), sum(s), sum(s) / sum(n), count(*) from kept where p <= 8 group by partition_key having count(*) > 20`;
const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
const connection = await instance.connect();
const start = process.hrtime.bigint();
await connection.runAndReadAll(kind === 'plain' ? plain : bounded);
console.log(Number(process.hrtime.bigint() - start) / 1e9);
process.exit(0);
