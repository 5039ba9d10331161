#!/bin/sh
# Puts a Bun of exactly the version that package.json pins at .tools/bun, and every dependency of
# bun.lock into node_modules. Needs npm, or a Bun of any version. Run by `make install`.
set -eu
cd "$(dirname "$0")/.."

wanted=$(sed -n 's/.*"bun": *"\([0-9][^"]*\)".*/\1/p' package.json)
[ -n "$wanted" ] || { echo "deploy/bun.sh: package.json pins no bun" >&2; exit 1; }

is_wanted() { [ -x "$1" ] && [ "$("$1" --version 2>/dev/null)" = "$wanted" ]; }

# The launcher of the npm package becomes the real program only by its install script, which npm may
# not run; the package of the platform carries the program itself. More than one may be there (glibc
# and musl): the right one is the one that runs.
find_wanted() {
  for candidate in node_modules/@oven/bun-*/bin/bun .tools/node_modules/@oven/bun-*/bin/bun \
    "$(command -v bun || true)"; do
    if [ -n "$candidate" ] && is_wanted "$candidate"; then
      echo "$candidate"
      return 0
    fi
  done
  return 1
}

fetch_wanted() {
  mkdir -p .tools
  if command -v npm >/dev/null 2>&1; then
    npm install --prefix .tools --ignore-scripts --include=optional --no-save --no-package-lock \
      --no-audit --no-fund --loglevel=error "bun@$wanted"
  elif command -v bun >/dev/null 2>&1; then
    [ -f .tools/package.json ] || echo '{ "private": true }' >.tools/package.json
    (cd .tools && bun add --exact --ignore-scripts "bun@$wanted")
  else
    echo "Building tankd needs npm (it comes with Node.js) or Bun." \
      "Install one of them, then run make again." >&2
    exit 1
  fi
}

# Links inside the checkout are relative, so that it can be moved.
link() {
  case $1 in
    /*) ln -sf "$1" .tools/bun ;;
    *) ln -sf "../$1" .tools/bun ;;
  esac
}

mkdir -p .tools
if ! bun=$(find_wanted); then
  echo "Fetching Bun $wanted into .tools"
  fetch_wanted
  bun=$(find_wanted) || {
    echo "Bun $wanted was fetched, but it does not run on this machine ($(uname -sm))." >&2
    exit 1
  }
fi
link "$bun"

"$bun" install --frozen-lockfile --ignore-scripts
# Prefer the copy that belongs to this checkout: it stays when the machine's own Bun moves on.
if bun=$(find_wanted); then link "$bun"; fi
