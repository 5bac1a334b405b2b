#!/usr/bin/env bash
# Init script of a Databricks cluster: puts the worker under the path that --worker names, on every machine.
set -euo pipefail
mkdir -p /opt/dpspark-worker
tar -xzf /Volumes/main/default/dpspark/dpspark-worker-linux-x64.tar.gz -C /opt/dpspark-worker
chmod -R a+rX /opt/dpspark-worker
