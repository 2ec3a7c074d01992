# shellcheck shell=bash
# Common functions of all scripts: paths, progress, errors and set-up. It is only
# sourced, and sources the other files at the end.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
STATE=$ROOT/.odoo # everything that the set-up creates; safe to delete
VENV=$STATE/venv
LINT_VENV=$STATE/lint
LIB=$ROOT/script/lib
PYTHON_MIN=3.10
export ROOT STATE

# --- output -----------------------------------------------------------------

STEP_STARTED=

# Prints a progress line of a step: "  what ... 12 s"; step_done ends it.
step() {
    STEP_STARTED=$SECONDS
    printf '  %s ...' "$*"
}

step_done() { printf ' %s s\n' "$((SECONDS - STEP_STARTED))"; }

# Prints a step that has nothing to do.
step_kept() { printf '  %s: %s\n' "$1" "$2"; }

headline() { printf '%s\n' "$*"; }

note() { printf '  note: %s\n' "$*" >&2; }

# Prints an error and exits. The first argument is the problem, the others say what to
# do.
fail() {
    printf '\nerror: %s\n' "$1" >&2
    shift
    local line
    for line in "$@"; do printf '  %s\n' "$line" >&2; done
    exit 1
}

# Runs a command, and prints its output only if it fails.
quietly() {
    local log=$STATE/log/$1.log
    shift
    mkdir -p "$STATE/log"
    if ! "$@" >"$log" 2>&1 </dev/null; then
        printf ' failed\n'
        tail -n 25 "$log" >&2
        return 1
    fi
}

# --- machine ----------------------------------------------------------------

have() { command -v "$1" >/dev/null 2>&1; }

is_root() { [ "$(id -u)" = 0 ]; }

can_apt() { is_root && have apt-get; }

writable_dir() { mkdir -p "$1" 2>/dev/null && [ -w "$1" ]; }

# Prints a short checksum of stdin, for names and keys.
fingerprint() { sha256sum | cut -c1-16; }

# Prints the folder of downloads, outside the checkout so that other checkouts use it,
# too.
cache_dir() {
    local dir=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/crm-lifecycle
    if writable_dir "$dir"; then
        printf '%s\n' "$dir"
    else
        mkdir -p "$STATE/cache"
        printf '%s\n' "$STATE/cache"
    fi
}

# --- environment of all commands --------------------------------------------

base_environment() {
    mkdir -p "$STATE"
    # Keep bytecode, without which each start of Odoo takes twice as long, but outside
    # the source folders.
    unset PYTHONDONTWRITEBYTECODE
    export PYTHONPYCACHEPREFIX=$STATE/pyc
    # A PYTHONPATH or PYTHONHOME of the caller would take precedence over pinned
    # packages.
    unset PYTHONHOME PYTHONPATH
    export LC_ALL=${LC_ALL:-C.UTF-8}
    export PIP_DISABLE_PIP_VERSION_CHECK=1
    # Chromium, pip and fontconfig need a writable home.
    if ! [ -w "${HOME:-/nonexistent}" ]; then
        export HOME=$STATE/home
        mkdir -p "$HOME"
        export PIP_CACHE_DIR=${PIP_CACHE_DIR:-$STATE/cache/pip}
    fi
}

# Waits for another set-up of this checkout, and locks it.
lock_setup() {
    have flock || return 0
    exec 9>"$STATE/setup.lock"
    if ! flock -n 9; then
        note "another set-up of this checkout is running, waiting for it"
        flock 9
    fi
}

unlock_setup() {
    have flock || return 0
    flock -u 9
    exec 9>&-
}

# --- set-up as a whole ------------------------------------------------------

# Installs what is missing. The other scripts start with it.
prepare() {
    base_environment
    lock_setup
    PYTHON_BIN=$(find_python)
    is_set_up || check_disk
    install_system_packages
    find_odoo
    install_python_packages
    install_postgres
    fetch_cdnow
    use_postgres
    write_odoo_conf
    touch "$STATE/ready"
    unlock_setup
    use_odoo_environment
}

is_set_up() { [ -e "$STATE/ready" ]; }

# Prepares commands that must start fast: sets up only if there was no set-up.
enter() {
    if ! is_set_up; then
        # stdout is for the command that follows.
        prepare >&2
        return
    fi
    base_environment
    use_postgres
    # PGHOST may be different from that of the set-up.
    write_odoo_conf
    use_odoo_environment
}

write_odoo_conf() {
    local socket_dir=
    pg_is_external || socket_dir=$(pg_socket_dir)
    "$VENV/bin/python" "$LIB/odoo_conf.py" "$(odoo_addons_dir)" "$socket_dir"
}

use_odoo_environment() {
    export PATH=$VENV/bin:$PATH
    export ODOO_RC=$STATE/odoo.conf
    export CDNOW_FILE=$STATE/cache/CDNOW_master.txt
}

# shellcheck source=system.sh
. "$LIB/system.sh"
# shellcheck source=odoo.sh
. "$LIB/odoo.sh"
# shellcheck source=python.sh
. "$LIB/python.sh"
# shellcheck source=postgres.sh
. "$LIB/postgres.sh"
# shellcheck source=cdnow.sh
. "$LIB/cdnow.sh"
# shellcheck source=database.sh
. "$LIB/database.sh"
# shellcheck source=demo.sh
. "$LIB/demo.sh"
