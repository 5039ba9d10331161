# shellcheck shell=sh
# What the scripts of this folder and startup.sh share. Sourced, with the repository as working
# directory.

# Directories of development clusters that were started from this checkout.
# shellcheck disable=SC2034 # used by those that source this
DEV_CLUSTER=.dev-cluster
# A clean stop takes the last snapshots; after this many seconds it is taken for hung.
STOP_SECONDS=30

say() { printf '%s\n' "$*"; }
fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# The program: of this checkout where it was built, else the installed one.
tankd_program() {
  if [ -x dist/tankd ]; then
    say ./dist/tankd
  elif command -v tankd; then
    :
  else
    fail "tankd is not built: run make build."
  fi
}

# The data directories a command looks into, in its order: the one given, else the user's, else the
# machine's.
data_directories() {
  if [ -n "${1:-${TANKD_DATA_DIR:-}}" ]; then
    say "${1:-$TANKD_DATA_DIR}"
    return
  fi
  say "${XDG_STATE_HOME:-${HOME:-/nonexistent}/.local/state}/tankd"
  say /var/lib/tankd
}

# Flat JSON, one key a line: enough to read our own files and answers without a JSON tool.
json_lines() { tr ',{}' '[\n*]'; }

# node_field DIRECTORY KEY: a value of the directory's node.json; nothing when there is none.
node_field() {
  [ -r "$1/node.json" ] || return 0
  json_lines <"$1/node.json" | sed -n "s/^ *\"$2\" *: *\"\{0,1\}\([^\"]*[^\" ]\)\"\{0,1\} *\$/\1/p"
}

command_of() {
  if [ -r "/proc/$1/cmdline" ]; then
    tr '\0' ' ' <"/proc/$1/cmdline"
  else
    ps -ww -o command= -p "$1" 2>/dev/null
  fi
}

# The pid of the node that runs on a directory; a pid that by now is another program's is none.
node_pid() {
  pid=$(node_field "$1" pid)
  case $pid in
    '' | *[!0-9]*) return 1 ;;
  esac
  case $(command_of "$pid") in
    *tankd*\ start* | *main.ts\ start*) say "$pid" ;;
    *) return 1 ;;
  esac
}

# A process that has ended but was not yet collected by its parent does not count.
is_running() {
  kill -0 "$1" 2>/dev/null || return 1
  if [ -r "/proc/$1/status" ]; then ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status"; fi
}

# wait_until_gone PID SECONDS
wait_until_gone() {
  tenths=$(($2 * 10))
  while is_running "$1"; do
    tenths=$((tenths - 1))
    [ "$tenths" -gt 0 ] || return 1
    sleep 0.1
  done
}

# stop_node DIRECTORY: a clean stop of the node on it, by its own pid.
stop_node() {
  pid=$(node_pid "$1") || return 0
  kill -TERM "$pid" 2>/dev/null ||
    fail "The node on $1 (pid $pid) belongs to another user: stop it as that user, or as root."
  expect_end "$pid" "$1"
}

# expect_end PID DIRECTORY: waits for a node that was asked to stop.
expect_end() {
  wait_until_gone "$1" "$STOP_SECONDS" ||
    fail "The node on $2 (pid $1) has not stopped within $STOP_SECONDS s:" \
      "make emergency-stop ends it by force."
  say "Stopped the node on $2 (pid $1)."
}

has_systemd() { [ -d /run/systemd/system ] && command -v systemctl >/dev/null 2>&1; }

# Root speaks to the machine's systemd, everybody else to their own.
service_manager() {
  if [ "$(id -u)" -eq 0 ]; then systemctl "$@"; else systemctl --user "$@"; fi
}

# Whether the process is the one that the service keeps alive.
is_service() {
  has_systemd &&
    [ "$(service_manager show --property=MainPID --value tankd.service 2>/dev/null)" = "$1" ]
}
