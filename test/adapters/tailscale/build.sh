#!/bin/sh
# Builds what test-tailscale needs into a folder: the daemon and the command of Tailscale, and a
# control server. What is there stays. Needs Go; the first time takes some minutes.
#   test/adapters/tailscale/build.sh FOLDER
set -eu
version=v1.94.1
mkdir -p "$1"
GOBIN=$(cd "$1" && pwd)
export GOBIN
for program in tailscaled tailscale; do
  [ -x "$GOBIN/$program" ] || go install "tailscale.com/cmd/$program@$version"
done
cd "$(dirname "$0")/control"
go build -o "$GOBIN/tailscale-control" .
