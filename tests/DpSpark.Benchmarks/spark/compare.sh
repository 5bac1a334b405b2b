#!/usr/bin/env bash
# W1 on Spark Connect servers of its own, one for each size, on local[2]: the release alone and the memory that it takes, beside plain and bounded SQL, then its parts. Needs SPARK_HOME and an idle machine.
#   SPARK_BENCH_ROWS="1000000 10000000 50000000"  SPARK_BENCH_PORT=15077  SPARK_BENCH_FOLDER=(a folder for the files w1-ROWS.parquet, kept)
#   SPARK_BENCH_RUNS=5 SPARK_BENCH_LARGE_RUNS=3     measured runs of each, up to 10^7 rows and beyond
#   SPARK_BENCH_BOUNDED_ROWS=10000000               most rows that the bounded query runs on; beyond it takes the most time and only the plain one runs
set -euo pipefail
cd "$(dirname "$0")/../../.."
: "${SPARK_HOME:?set SPARK_HOME to the folder of Spark}"
port=${SPARK_BENCH_PORT:-15077}
runs=${SPARK_BENCH_RUNS:-5}
own=$(mktemp -d)
folder=${SPARK_BENCH_FOLDER:-$own}
mkdir -p "$folder"
server=
finish() {
  stop
  rm -rf "$own"
}
trap finish EXIT

dotnet build tests/DpSpark.Benchmarks -c Release -v q
dotnet build deploy/worker.proj -v q
export DPSPARK_WORKER=$PWD/artifacts/worker/dpspark-worker-linux-x64.tar.gz
bench=artifacts/bin/DpSpark.Benchmarks/release/DpSpark.Benchmarks.dll
for rows in ${SPARK_BENCH_ROWS:-1000000 10000000 50000000}; do
  [ -e "$folder/w1-$rows.parquet" ] || dotnet "$bench" w1 "$rows" "$folder/w1-$rows.parquet"
done

start() {
  (cd "$own" && exec "$SPARK_HOME/bin/spark-submit" --class org.apache.spark.sql.connect.service.SparkConnectServer \
    --master 'local[2]' --driver-memory 3g --conf spark.connect.grpc.binding.address=127.0.0.1 --conf "spark.connect.grpc.binding.port=$port" \
    --conf spark.sql.catalogImplementation=in-memory --conf spark.sql.shuffle.partitions=8 --conf spark.ui.enabled=false \
    --conf "spark.local.dir=$own" --conf "spark.sql.warehouse.dir=$own/warehouse" spark-internal) >"$own/server.log" 2>&1 &
  server=$!
  until grep -q 'Spark Connect server started' "$own/server.log"; do
    kill -0 "$server" 2>/dev/null || { tail -20 "$own/server.log" >&2; exit 1; }
    sleep 0.5
  done
}

stop() {
  [ -n "$server" ] || return 0
  kill "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  server=
}

uptime
began=$SECONDS
for rows in ${SPARK_BENCH_ROWS:-1000000 10000000 50000000}; do
  times=$runs peers=
  [ "$rows" -le 10000000 ] || times=${SPARK_BENCH_LARGE_RUNS:-3}
  [ "$rows" -le "${SPARK_BENCH_BOUNDED_ROWS:-10000000}" ] || peers=--plain-only
  # The release comes first on a server that has done nothing else: its peaks are the release's.
  start
  for what in --alone "$peers" --parts; do
    echo "== $rows rows ${what:-with plain and bounded SQL}"
    # shellcheck disable=SC2086
    dotnet "$bench" spark "$folder/w1-$rows.parquet" "sc://127.0.0.1:$port" "$times" "$server" $what
  done
  stop
done
echo "took $((SECONDS - began)) s"
uptime
