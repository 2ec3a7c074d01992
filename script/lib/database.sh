# shellcheck shell=bash
# Odoo databases, which are copied from a template and marked when they are complete.
#
# The mark is the comment of the database, which a copy doesn't inherit:
#   crm-lifecycle: making    created by these scripts, but not complete
#   crm-lifecycle: KEY       complete; KEY is a checksum of its content
# These scripts never change a database without such a comment.

CORE_DB=crm_lifecycle_core
LANGUAGES=en_US,zh_CN
FILESTORE=$STATE/data/filestore

sql() {
    local database=$1
    shift
    psql -XAtq -v ON_ERROR_STOP=1 -d "$database" "$@"
}

addons() { "$VENV/bin/python" "$LIB/manifests.py" "$1"; }

report_left_out() {
    local line
    while read -r line; do
        [ -z "$line" ] || note "left out: $line"
    done < <(addons left-out)
}

# Prints a checksum of the addons, without tests and documentation.
addons_key() {
    (
        cd "$ROOT/addons" || exit
        addons own
        find . -type f -not -path '*/tests/*' -not -path '*/__pycache__/*' \
            -not -path '*/readme/*' -not -name '*.rst' -not -name '*.md' -print0 |
            sort -z | xargs -0 -r sha256sum
    ) | fingerprint
}

core_key() { printf '%s %s %s' "$(cat "$STATE/odoo.key")" "$(addons core)" "$LANGUAGES" | fingerprint; }

# --- marks ------------------------------------------------------------------

# Prints "absent", "foreign", "making" or the key of a complete database.
db_mark() {
    local mark
    mark=$(sql postgres -c "
        SELECT coalesce(shobj_description(oid, 'pg_database'), '-')
          FROM pg_database WHERE datname = '$1'")
    case $mark in
        '') echo absent ;;
        'crm-lifecycle: '*) echo "${mark#crm-lifecycle: }" ;;
        *) echo foreign ;;
    esac
}

db_set_mark() { sql postgres -c "COMMENT ON DATABASE \"$1\" IS 'crm-lifecycle: $2'"; }

# --- creating and dropping --------------------------------------------------

db_drop() {
    dropdb --if-exists --force "$1" 2>/dev/null || sql postgres -c "DROP DATABASE IF EXISTS \"$1\""
    rm -rf "${FILESTORE:?}/$1"
}

# Creates a database, and drops an incomplete one of these scripts first.
db_create() {
    local name=$1 template=${2:-}
    if [ "$(db_mark "$name")" = foreign ]; then
        fail "a database named $name exists that was not made by these scripts." \
            "Rename or drop it, then run the script again."
    fi
    db_drop "$name"
    if [ -n "$template" ]; then
        lock_setup # PostgreSQL can't copy a template twice at the same time
        createdb -T "$template" "$name"
        unlock_setup
        mkdir -p "$FILESTORE"
        # Odoo never changes a file of the filestore, so hard links are safe.
        [ ! -d "$FILESTORE/$template" ] || cp -al "$FILESTORE/$template" "$FILESTORE/$name"
    else
        # Use the options of Odoo itself.
        createdb -T template0 -E UTF8 --lc-collate=C "$name"
    fi
    db_set_mark "$name" making
}

# odoo_run LOG ARGUMENTS...: runs an Odoo command with its output in a log file.
odoo_run() {
    local log=$1
    shift
    quietly "$log" run_odoo "$@"
}

# install_modules DATABASE -i|-u MODULES: installs or upgrades addons, and checks their
# states, because Odoo exits with 0 even if it skips an addon.
install_modules() {
    local database=$1 how=$2 modules=$3 bad
    # shellcheck disable=SC2086
    odoo_run "install-$database" server -d "$database" "$how" "$modules" ${INSTALL_OPTIONS:-} \
        --load-language="$LANGUAGES" --no-http --stop-after-init ||
        fail "Odoo could not install $modules into $database." "Its log: $STATE/log/install-$database.log"
    bad=$(sql "$database" -c "
        SELECT coalesce(m.name, wanted.name) || ' (' || coalesce(m.state, 'unknown') || ')'
          FROM unnest(string_to_array('$modules', ',')) AS wanted(name)
          FULL JOIN ir_module_module AS m ON m.name = wanted.name
         WHERE (wanted.name IS NOT NULL AND m.state IS DISTINCT FROM 'installed')
            OR m.state IN ('to install', 'to upgrade', 'to remove')")
    if [ -n "$bad" ]; then
        grep -E ' (ERROR|CRITICAL|WARNING) ' "$STATE/log/install-$database.log" >&2 || true
        fail "these addons did not get installed in $database:" "$bad" \
            "The log: $STATE/log/install-$database.log"
    fi
    warn_of_log "$STATE/log/install-$database.log"
}

# Prints the number of warnings of an installation, which are usually errors in an
# addon.
warn_of_log() {
    local count
    count=$(grep -cE ' (ERROR|WARNING) ' "$1" || true)
    [ "$count" = 0 ] || printf ' (%s warnings in %s)' "$count" "${1#"$ROOT"/}"
}

# Creates the template of all databases, with the dependencies of our addons.
make_core_database() {
    local key
    lock_setup
    key=$(core_key)
    if [ "$(db_mark "$CORE_DB")" = "$key" ]; then
        unlock_setup
        step_kept "Template database" "$(addons core) there"
        return
    fi
    step "Template database, installing $(addons core)"
    db_create "$CORE_DB"
    install_modules "$CORE_DB" -i "$(addons core)"
    warm_assets "$CORE_DB"
    db_set_mark "$CORE_DB" "$key"
    step_done
    unlock_setup
}

# Installs our addons in a copy of the template.
install_own_addons() {
    local database=$1 own
    own=$(addons own)
    [ -n "$own" ] || { note "no addon of ours to install in $database"; return 0; }
    install_modules "$database" -i "$own"
}

run_odoo() { "$VENV/bin/python" -m odoo "$@"; }

# odoo_script DATABASE FILE: runs a Python file in `odoo shell`.
odoo_script() { run_odoo shell -d "$1" --no-http --log-level="${ODOO_SCRIPT_LOG:-warn}" <"$2"; }

warm_assets() {
    odoo_script "$1" "$LIB/warm_assets.py" >"$STATE/log/warm-$1.log" 2>&1 ||
        fail "the asset bundles could not be built." "See $STATE/log/warm-$1.log"
}
