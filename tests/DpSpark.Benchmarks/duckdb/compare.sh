#!/usr/bin/env bash
# Publishes the command line, writes W1 with ROWS rows and compares with DuckDB. usage: compare.sh [ROWS] [RUNS]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
rows=${1:-10000000}
runs=${2:-5}
work="$root/artifacts/benchmarks"
mkdir -p "$work"
dotnet publish "$root/jobs/DpSpark.Cli" -c Release -r linux-x64 --self-contained -p:PublishReadyToRun=true -o "$work/dpspark" >/dev/null
[ -f "$work/w1-$rows.parquet" ] || dotnet run -c Release --project "$root/tests/DpSpark.Benchmarks" -- w1 "$rows" "$work/w1-$rows.parquet"
(cd "$here" && npm install --no-audit --no-fund --silent --no-package-lock)
node "$here/compare.mjs" "$work/dpspark/dpspark" "$work/w1-$rows.parquet" "$runs"
