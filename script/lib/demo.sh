# shellcheck shell=bash
# The two demo databases of CDNOW's customers:
#   cdnow      purchases on their real dates (1997 and 1998)
#   lifecycle  the same, moved by whole weeks so that the last one is in the past week

declare -A CDNOW_SHIFT_OF=([cdnow]=0 [lifecycle]=1)

make_demo_database() {
    local name=$1 key mark
    key=$(printf '%s %s' "$(core_key)" "$(addons_key)" | fingerprint)
    mark=$(db_mark "$name")
    case $mark in
        "$key") step_kept "Database $name" "there" ;;
        absent | making | foreign) load_demo_database "$name" "$key" ;;
        *) update_demo_database "$name" "$key" ;;
    esac
}

load_demo_database() {
    local name=$1 key=$2
    step "Database $name, installing our addons"
    db_create "$name" "$CORE_DB"
    install_own_addons "$name"
    step_done
    step "Database $name, loading 23,570 customers and running the lifecycle (minutes)"
    CDNOW_SHIFT=${CDNOW_SHIFT_OF[$name]} \
        odoo_script "$name" "$ROOT/script/cdnow.py" >"$STATE/log/cdnow-$name.log" 2>&1 || {
        printf ' failed\n'
        tail -n 25 "$STATE/log/cdnow-$name.log" >&2
        fail "CDNOW's customers could not be loaded into $name." "The log: $STATE/log/cdnow-$name.log"
    }
    db_set_mark "$name" "$key"
    step_done
}

# Upgrades the addons after changes, and keeps the customers.
update_demo_database() {
    local name=$1 key=$2 own new
    step "Database $name, updating our addons"
    own=$(addons own)
    new=$(sql "$name" -c "
        SELECT string_agg(own, ',') FROM unnest(string_to_array('$own', ',')) AS own
         WHERE NOT EXISTS (SELECT FROM ir_module_module
                            WHERE name = own AND state = 'installed')")
    if [ -n "$new" ]; then install_modules "$name" -i "$new"; fi
    install_modules "$name" -u "$own"
    db_set_mark "$name" "$key"
    step_done
}

print_stage_table() {
    headline ""
    headline "Database $1"
    CDNOW_PRINT_ONLY=1 CDNOW_SHIFT=${CDNOW_SHIFT_OF[$1]} odoo_script "$1" "$ROOT/script/cdnow.py" 2>"$STATE/log/print-$1.log" || {
        cat "$STATE/log/print-$1.log" >&2
        fail "the stage table of $1 could not be printed."
    }
}
