#!/bin/sh
# The nodes of this machine, by the pid that each keeps in its own data directory.
#   deploy/nodes.sh start [--data-dir D] [options of tankd start]
#   deploy/nodes.sh ask [--data-dir D] COMMAND OF TANKD
#   deploy/nodes.sh stop | logs | list | kill [--data-dir D]
set -eu
cd "$(dirname "$0")/.."
. deploy/common.sh

action=${1:-}
[ $# -eq 0 ] || shift
given=
if [ "${1:-}" = --data-dir ]; then
  given=${2:?"--data-dir needs a directory"}
  shift 2
fi

# The directory whose node a command would speak to.
running_directory() {
  data_directories "$given" | while IFS= read -r directory; do
    if node_pid "$directory" >/dev/null; then
      say "$directory"
      break
    fi
  done
}

all_directories() {
  data_directories "$given"
  for directory in "$DEV_CLUSTER"/*/; do
    [ -d "$directory" ] && say "${directory%/}"
  done
}

start() {
  tankd=$(tankd_program)
  directory=$(running_directory)
  if [ -n "$directory" ]; then
    say "A node runs on $directory already" \
      "(pid $(node_pid "$directory"), $(node_field "$directory" url))."
    [ $# -eq 0 ] || say "New options take effect with make restart."
    return
  fi
  if [ -n "$given" ]; then
    set -- --data-dir "$given" "$@"
  elif [ $# -eq 0 ] && has_systemd &&
    service_manager is-enabled --quiet tankd.service 2>/dev/null; then
    service_manager start tankd.service
    say "Started the service tankd."
    return
  fi
  exec "$tankd" start -d "$@"
}

stop() {
  directory=$(running_directory)
  ended=$(deploy/dev-cluster.sh stop)
  [ -z "$ended" ] || say "$ended"
  if [ -z "$directory" ]; then
    [ -n "$ended" ] || say "No node is running here."
  elif is_service "$(node_pid "$directory")"; then
    service_manager stop tankd.service
    say "Stopped the service tankd; it starts again with the machine, or by make start."
  else
    stop_node "$directory"
  fi
}

ask() {
  tankd=$(tankd_program)
  if [ -n "$given" ]; then set -- "$@" --data-dir "$given"; fi
  exec "$tankd" "$@"
}

# A service logs to the journal of systemd, a detached node to a file.
logs() {
  directory=$(running_directory)
  if [ -n "$directory" ] && is_service "$(node_pid "$directory")"; then
    if [ "$(id -u)" -eq 0 ]; then exec journalctl -f -u tankd; fi
    exec journalctl --user -f -u tankd
  fi
  ask logs -f
}

list() {
  printf '%-8s %-10s %-28s %s\n' PID MEMORY URL 'DATA DIRECTORY'
  all_directories | while IFS= read -r directory; do
    pid=$(node_pid "$directory") || continue
    memory=$(ps -o rss= -p "$pid" 2>/dev/null | tr -d ' ' || true)
    printf '%-8s %-10s %-28s %s\n' "$pid" "$((${memory:-0} / 1024)) MB" \
      "$(node_field "$directory" url)" "$directory"
  done
}

service_state() { service_manager is-active tankd.service 2>/dev/null || true; }

# SIGTERM to all at once, a grace for their last snapshots, then SIGKILL. Tanks survive either.
kill_all() {
  # A service would start it again. One that keeps failing has no pid in node.json.
  if [ -z "$given" ] && has_systemd; then
    case $(service_state) in
      active | activating | reloading)
        service_manager stop tankd.service || true
        say "Stopped the service tankd, so that it is not started again."
        ;;
    esac
  fi
  ended=$(mktemp)
  trap 'rm -f "$ended"' EXIT
  all_directories | while IFS= read -r directory; do
    pid=$(node_pid "$directory") || continue
    if kill -TERM "$pid" 2>/dev/null; then
      printf '%s %s\n' "$pid" "$directory" >>"$ended"
    else
      say "Not allowed to end pid $pid on $directory: it belongs to another user."
    fi
  done
  while read -r pid directory; do
    if wait_until_gone "$pid" 5; then
      say "Ended pid $pid on $directory."
    else
      kill -KILL "$pid" 2>/dev/null || true
      say "Killed pid $pid on $directory: it did not end within 5 s."
    fi
  done <"$ended"
  [ -s "$ended" ] || say "No node of this checkout or data directory is running."
}

case $action in
  start) start "$@" ;;
  stop) stop ;;
  ask) ask "$@" ;;
  logs) logs ;;
  list) list ;;
  kill) kill_all ;;
  *) fail "usage: deploy/nodes.sh start|ask|stop|logs|list|kill [--data-dir D] …" ;;
esac
