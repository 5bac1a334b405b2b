// Compares `dpspark run` (whole process, ledger and output included) with DuckDB on the same file in the same run, alternating.
// usage: node compare.mjs DPSPARK FILE.parquet [RUNS]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, copyFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const [tool, file, runs = '5'] = process.argv.slice(2);
const seconds = { dpspark: [], plain: [], bounded: [] };

function timed(work) {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start) / 1e9;
}

function must(result) {
  if (result.status !== 0) throw new Error(`${result.stderr ?? ''}${result.stdout ?? ''}`);
  return result;
}

function dpspark() {
  const folder = mkdtempSync(join(tmpdir(), 'w1-'));
  copyFileSync(join(here, 'w1.yml'), join(folder, 'job.yml'));
  const time = timed(() => must(spawnSync(resolve(tool), ['run', 'job.yml', '--var', `file=${resolve(file)}`, '--threads', '2'], { cwd: folder, encoding: 'utf8' })));
  rmSync(folder, { recursive: true });
  return time;
}

// DuckDB's figure is the query alone, without the start of its host process.
const duckdb = kind => Number(must(spawnSync('node', [join(here, 'query.mjs'), kind, resolve(file)], { encoding: 'utf8' })).stdout);

for (let run = 0; run <= Number(runs); run++) {
  const times = { dpspark: dpspark(), plain: duckdb('plain'), bounded: duckdb('bounded') };
  if (run > 0) for (const key of Object.keys(seconds)) seconds[key].push(times[key]); // the first round warms the file cache
}

const median = list => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
for (const [key, list] of Object.entries(seconds)) {
  console.log(`${key.padEnd(8)} median ${median(list).toFixed(3)} s   all ${list.map(s => s.toFixed(3)).join(' ')}`);
}

const ratio = key => median(seconds.dpspark.map((s, i) => s / seconds[key][i])).toFixed(2);
console.log(`dpspark / DuckDB plain   ${ratio('plain')}   (release against the non-private query; pair by pair, median)`);
console.log(`dpspark / DuckDB bounded ${ratio('bounded')}`);
