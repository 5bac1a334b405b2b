#!/usr/bin/env bash
# Runs one job manifest as a Spark application: the flags of spark-submit, then the manifest, then options of `dpspark run`.
#
#   ./spark-submit.sh --master 'local[2]' job.yml --run-date 2026-11-20
#   ./spark-submit.sh --master spark://host:7077 --executor-memory 4g --conf spark.sql.adaptive.enabled=true job.yml
#   ./spark-submit.sh --remote sc://host:15002 job.yml          (or SPARK_REMOTE: a server that is there already)
#   ./spark-submit.sh --master yarn --deploy-mode cluster job.yml          (yarn and k8s:// alone; see docs/spark.md)
#
# It starts a Spark Connect server inside a spark-submit application, on loopback and with a token of its own, runs the job against it, and takes the application down again.
# The exit code is that of `dpspark run`, 130 after SIGINT, SIGTERM or SIGHUP; 7 where Spark cannot be found or started. In cluster mode it is that of spark-submit.
#
#   SPARK_HOME             the Spark to use; else spark-submit on the PATH
#   DPSPARK_WORKER         another worker than the one that comes with dpspark: an archive to send, or a path on the executors
#   DPSPARK_BUNDLE         the archive of the bundle, for --master yarn --deploy-mode cluster: dpspark-VERSION-linux-x64.tar.gz, here or on the cluster's file system
#   DPSPARK_SPARK_LOG      keeps the application's log in this file; without it the log goes with the application
#   DPSPARK_START_TIMEOUT  seconds that the application may take to start (default 300)
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

fail() {
  local code=$1
  shift
  printf '%s\n' "spark-submit.sh: $1" >&2
  shift
  [ $# -eq 0 ] || printf '  Fix: %s\n' "$@" >&2
  exit "$code"
}

usage() { sed -n '2,16s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

# ---- what is asked for
submit=() master='' mode=client remote='' worker=${DPSPARK_WORKER:-} job='' warehouse=false
note_setting() {
  case $1 in
    spark.master=*) [ -n "$master" ] || master=${1#*=} ;;
    spark.submit.deployMode=*) mode=${1#*=} ;;
    spark.sql.warehouse.dir=*) warehouse=true ;;
    spark.archives=*'#dpspark-worker'*) worker=${worker:-../dpspark-worker/bin/dpspark-worker} ;;
  esac
}

while [ $# -gt 0 ]; do
  flag=$1
  case $flag in
    -h | --help) usage; exit 0 ;;
    --verbose | -v | --supervise) submit+=("$flag"); shift; continue ;;
    --*=*) value=${flag#*=} flag=${flag%%=*}; shift ;;
    --class | --py-files | --kill | --status | --version) fail 2 "$flag has no meaning here." "leave it away; a job is a manifest, not a program" ;;
    -*)
      [ $# -ge 2 ] || fail 2 "$flag lacks its value." "see ./spark-submit.sh --help"
      value=$2
      shift 2
      ;;
    *) job=$flag; shift; break ;;
  esac
  case $flag in
    --remote) remote=$value ;;
    --master) master=$value submit+=(--master "$value") ;;
    --deploy-mode) mode=$value ;;
    --properties-file)
      [ -f "$value" ] || fail 2 "there is no properties file '$value'." "name a file of lines such as spark.executor.memory 4g"
      while IFS= read -r line; do note_setting "$line"; done < <(sed -n 's/^[[:space:]]*\(spark\.[A-Za-z0-9.]*\)[[:space:]]*[=:[:space:]][[:space:]]*\(.*[^[:space:]]\)[[:space:]]*$/\1=\2/p' "$value")
      submit+=(--properties-file "$value")
      ;;
    --conf | -c) note_setting "$value"; submit+=(--conf "$value") ;;
    --archives) note_setting "spark.archives=$value"; submit+=(--archives "$value") ;;
    --name | --files | --jars | --packages | --exclude-packages | --repositories | --driver-memory | --driver-cores | --driver-java-options | \
      --driver-library-path | --driver-class-path | --executor-memory | --executor-cores | --num-executors | --total-executor-cores | --queue | --principal | --keytab | --proxy-user)
      submit+=("$flag" "$value")
      ;;
    *) fail 2 "there is no flag $flag before the manifest." "options of \`dpspark run\` come after the manifest; see ./spark-submit.sh --help" ;;
  esac
done
[ -n "$job" ] || fail 2 "no job manifest is named." "./spark-submit.sh --master 'local[2]' job.yml"
case $mode:$master in
  client:*) ;;
  cluster:yarn | cluster:k8s://*) ;;
  cluster:local*) fail 2 "--deploy-mode cluster has no meaning with --master $master." "leave --deploy-mode away" ;;
  cluster:spark://*) fail 2 "--deploy-mode cluster does not work on a standalone cluster: Spark starts only programs of the JVM there." "use --deploy-mode client, from a machine that the executors can reach" "start a Connect server in the cluster and name it with --remote" ;;
  cluster:) fail 2 "--deploy-mode cluster needs --master." "write --master yarn, or k8s://https://host:port" ;;
  cluster:*) fail 2 "--deploy-mode cluster does not work with --master $master." "use yarn or k8s://, or --deploy-mode client" ;;
  *) fail 2 "there is no deploy mode '$mode'." "write client or cluster" ;;
esac
case $mode:$master:$job in
  cluster:k8s://*:local:///*) ;;
  cluster:k8s://*) fail 2 "with k8s:// in cluster mode the manifest is a file of the driver's pod: local:///path/job.yml." "mount it as deploy/kubernetes shows" ;;
  *) [ -f "$job" ] || fail 2 "there is no manifest '$job'." "name the job's YAML file after the flags of Spark" ;;
esac
run=("$@")
case " ${run[*]:-} " in *' --engine local '* | *' --engine=local '*) fail 2 "--engine local does not need Spark." "use dpspark run" ;; esac
if [ -n "$remote" ] && [ ${#submit[@]} -gt 0 ]; then
  fail 2 "--remote uses a server that is there already; flags for a new application go with it no further." "leave one of them away"
fi
bundle=${DPSPARK_BUNDLE:-}
if [ "$mode:$master" = cluster:yarn ]; then
  case $bundle in
    *.tar.gz) case $bundle in *://*) ;; *) [ -f "$bundle" ] || fail 2 "there is no bundle '$bundle'." "dotnet build deploy/bundle.proj makes one" ;; esac ;;
    *) fail 2 "--master yarn --deploy-mode cluster needs DPSPARK_BUNDLE, the archive that the driver's machine unpacks." "dotnet build deploy/bundle.proj makes artifacts/bundle/dpspark-VERSION-linux-x64.tar.gz" ;;
  esac
fi

# ---- dpspark: the files of a bundle, or the build of a clone
if [ "$mode" = cluster ]; then
  dpspark=()
elif [ -x "$here/dpspark" ]; then
  dpspark=("$here/dpspark")
elif [ -f "$here/jobs/DpSpark.Cli/DpSpark.Cli.csproj" ]; then
  built=$here/artifacts/bin/DpSpark.Cli/release/dpspark.dll
  built_worker=$here/artifacts/bin/DpSpark.Worker/release/dpspark-worker.dll
  if [ ! -f "$built" ] || [ ! -f "$built_worker" ] || [ -n "$(find "$here"/{pipeline,jobs,udfs} \( -name '*.cs' -o -name '*.csproj' \) -newer "$built" -print -quit)" ]; then
    command -v dotnet >/dev/null || fail 7 "the .NET SDK is not here, and this clone is not built." "install it, or use a bundle"
    echo "building dpspark (once)" >&2
    for project in jobs/DpSpark.Cli udfs/DpSpark.Worker; do
      dotnet build "$here/$project" -c Release -nodeReuse:false --nologo -v quiet >&2 || fail 7 "dpspark could not be built." "dotnet build $project -c Release"
    done
    touch "$built"
  fi
  dpspark=(dotnet "$built")
else
  fail 7 "dpspark is not beside this script." "run it in a bundle or in a clone of the repository"
fi

# ---- a server that is there already
if [ -n "$remote" ] || { [ -n "${SPARK_REMOTE:-}" ] && [ -z "$master" ]; }; then
  exec "${dpspark[@]}" run "$job" --remote "${remote:-$SPARK_REMOTE}" ${run[@]+"${run[@]}"}
fi
unset SPARK_REMOTE

# ---- Spark and Java
if [ -n "${SPARK_HOME:-}" ]; then
  [ -x "$SPARK_HOME/bin/spark-submit" ] || fail 7 "SPARK_HOME=$SPARK_HOME holds no bin/spark-submit." "name the folder that Apache Spark 4 was unpacked into"
elif found=$(command -v spark-submit) && [ "$(readlink -f "$found")" != "$here/spark-submit.sh" ]; then
  SPARK_HOME=$(cd "$(dirname "$(readlink -f "$found")")/.." && pwd)
else
  fail 7 "there is no Spark." "unpack Apache Spark 4 (https://spark.apache.org/downloads) and set SPARK_HOME to its folder" "or name a Connect server with --remote sc://host:15002"
fi
export SPARK_HOME
[ -x "${JAVA_HOME:-/nowhere}/bin/java" ] || command -v java >/dev/null || fail 7 "there is no Java, which Spark needs." "install Java 17 or 21, or set JAVA_HOME"

# ---- cluster mode: Spark's runner for programs that are not of the JVM starts dpspark beside the driver, and dpspark has the driver start the Connect server
if [ "$mode" = cluster ]; then
  compgen -G "$SPARK_HOME/jars/spark-hive_*.jar" >/dev/null || submit+=(--conf spark.sql.catalogImplementation=in-memory)
  manifest=${job#local://}
  case $master in
    yarn)
      folder=$(basename "$bundle" .tar.gz)
      [ -f "$here/dpspark.py" ] && program=$here/dpspark.py || program=$here/deploy/dpspark.py
      # --files and --archives take one list each: what was given goes on.
      files=$job archives="$bundle#dpspark" rest=()
      while [ ${#submit[@]} -gt 0 ]; do
        case ${submit[0]} in
          --files) files+=,${submit[1]} submit=("${submit[@]:2}") ;;
          --archives) archives+=,${submit[1]} submit=("${submit[@]:2}") ;;
          *) rest+=("${submit[0]}") submit=("${submit[@]:1}") ;;
        esac
      done
      submit=(${rest[@]+"${rest[@]}"} --files "$files" --archives "$archives" --conf "spark.pyspark.driver.python=./dpspark/$folder/dpspark")
      manifest=$(basename "$job")
      ;;
    *)
      program=local:///opt/dpspark/dpspark.py
      submit+=(--conf spark.pyspark.driver.python=/opt/dpspark/dpspark)
      ;;
  esac
  exec "$SPARK_HOME/bin/spark-submit" --name "dpspark $(basename "$job")" --deploy-mode cluster "${submit[@]}" "$program" run "$manifest" ${run[@]+"${run[@]}"}
fi

# ---- the worker: executors of this machine see the build, others get the archive
case $master in
  '' | local*) ;;
  *)
    if [ -z "$worker" ] && [ ! -x "$here/dpspark" ]; then
      worker=$here/artifacts/worker/dpspark-worker-linux-x64.tar.gz
      if [ ! -f "$worker" ] || [ "$built_worker" -nt "$worker" ]; then
        echo "making the worker's archive (once)" >&2
        dotnet build "$here/deploy/worker.proj" -nodeReuse:false --nologo -v quiet >&2 || fail 7 "the worker's archive could not be made." "dotnet build deploy/worker.proj"
      fi
    fi
    ;;
esac
[ -z "$worker" ] || export DPSPARK_WORKER=$worker

# ---- the application
work=$(mktemp -d) && chmod 700 "$work"
log=${DPSPARK_SPARK_LOG:-$work/spark.log}
jvm='' client='' watch='' signalled='' interrupted=''

take_down() {
  trap - EXIT
  trap '' TERM INT HUP
  [ -z "$client" ] || kill -TERM "$client" 2>/dev/null
  if [ -n "$jvm" ]; then
    kill -TERM "$jvm" 2>/dev/null
    for _ in $(seq 60); do
      kill -0 "$jvm" 2>/dev/null || break
      sleep 0.25
    done
    kill -KILL "$jvm" $watch 2>/dev/null
    wait "$jvm" $watch 2>/dev/null
  fi
  rm -rf "$work"
}
on_signal() {
  signalled=$1 interrupted=yes
  [ -z "$client" ] || kill -TERM "$client" 2>/dev/null
}
trap take_down EXIT
trap 'on_signal INT' INT
trap 'on_signal TERM' TERM
trap 'on_signal HUP' HUP

# The token travels in the environment: a command line can be read by every user of the machine.
SPARK_CONNECT_AUTHENTICATE_TOKEN=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
export SPARK_CONNECT_AUTHENTICATE_TOKEN
# Without a master, Spark takes that of its own configuration. What this script needs comes last and wins.
settings=(--conf spark.log.level=INFO --conf spark.connect.grpc.binding.address=127.0.0.1 --conf spark.connect.grpc.binding.port=0)
compgen -G "$SPARK_HOME/jars/spark-hive_*.jar" >/dev/null || settings+=(--conf spark.sql.catalogImplementation=in-memory)
before=()
case $master in
  local*)
    export SPARK_LOCAL_IP=${SPARK_LOCAL_IP:-127.0.0.1}
    before+=(--conf spark.driver.host=127.0.0.1 --conf spark.driver.bindAddress=127.0.0.1 --conf spark.ui.enabled=false)
    ;;
esac
$warehouse || before+=(--conf "spark.sql.warehouse.dir=$work/warehouse")
(
  trap '' INT
  exec "$SPARK_HOME/bin/spark-submit" --name "dpspark $(basename "$job")" --deploy-mode client ${before[@]+"${before[@]}"} ${submit[@]+"${submit[@]}"} "${settings[@]}" \
    --class org.apache.spark.sql.connect.service.SparkConnectServer spark-internal
) >"$log" 2>&1 </dev/null &
jvm=$!
# Should this script be killed outright, the application goes with it.
(trap '' INT HUP; while kill -0 $$ 2>/dev/null && kill -0 "$jvm" 2>/dev/null; do sleep 1; done; kill -TERM "$jvm" 2>/dev/null) >/dev/null 2>&1 &
watch=$!

port='' waited=0
while [ -z "$port" ]; do
  [ -z "$signalled" ] || exit 130
  if ! kill -0 "$jvm" 2>/dev/null; then
    tail -n 30 "$log" >&2
    fail 7 "the Spark application ended before it was ready; the end of its log is above." "check --master and the settings" "see that Spark is of version 4.0 or later"
  fi
  [ "$waited" -lt $((${DPSPARK_START_TIMEOUT:-300} * 4)) ] || { tail -n 30 "$log" >&2; fail 7 "the Spark application was not ready in time; the end of its log is above." "raise DPSPARK_START_TIMEOUT"; }
  sleep 0.25
  waited=$((waited + 1))
  port=$(sed -n 's/.*Spark Connect server started at: .*:\([0-9][0-9]*\)$/\1/p' "$log" 2>/dev/null | head -n 1)
done

# ---- the job
"${dpspark[@]}" run "$job" --remote "sc://127.0.0.1:$port" ${run[@]+"${run[@]}"} &
client=$!
[ -z "$signalled" ] || kill -TERM "$client" 2>/dev/null
# A signal ends the wait, not the client: it is told, and waited for again. Told once more here, should the signal have come before it listened.
while :; do
  interrupted=''
  wait "$client"
  code=$?
  [ -n "$interrupted" ] && kill -0 "$client" 2>/dev/null || break
done
# Bash remembers how a child ended that was not waited for to its end.
if [ -n "$interrupted" ]; then
  wait "$client" 2>/dev/null
  last=$?
  [ "$last" = 127 ] || code=$last
fi
client=''
# A client that had not come as far as to listen was ended by the signal itself.
[ -z "$signalled" ] || [ "$code" -le 128 ] || code=130
exit "$code"
