# shellcheck shell=bash
# The Python environments: one with what Odoo and the tests need, one of linters.

# Addons of others say that they need Odoo, which pip doesn't see here. So this file
# names all that they need beside it, and nothing more is looked for.
ADDON_REQUIREMENTS=$ROOT/config/requirements-addons.txt

python_has_venv() { "$1" -c 'import venv; from ensurepip import bootstrap' 2>/dev/null; }

install_python_packages() {
    make_environment "$VENV" "Python packages of Odoo and the tests" \
        "$ROOT/config/requirements.txt" "$ROOT/config/requirements-test.txt" \
        "$ADDON_REQUIREMENTS"
    link_odoo
}

install_linters() {
    make_environment "$LINT_VENV" "Linters" "$ROOT/config/requirements-lint.txt"
}

# make_environment DIR TITLE REQUIREMENTS...: an environment that holds the pins;
# brought up to date when a requirements file changed, made anew for another Python.
make_environment() {
    local dir=$1 title=$2 python key file pip_args=()
    shift 2
    python=$("$PYTHON_BIN" -c 'import sys; print(sys.version, sys.base_prefix)')
    key=$({ printf '%s\n' "$python"; cat "$@"; } | fingerprint)
    if [ "$(cat "$dir/.key" 2>/dev/null)" = "$key" ]; then
        step_kept "$title" "all there"
        return
    fi
    # Told as a step of its own, if it has to be fetched.
    python_has_venv "$PYTHON_BIN" || pip_wheel >/dev/null || true
    step "$title, installing"
    if [ "$(cat "$dir/.python" 2>/dev/null)" != "$python" ]; then
        rm -rf "$dir"
        create_venv "$dir"
        printf '%s\n' "$python" >"$dir/.python"
    fi
    for file in "$@"; do
        [ "$file" = "$ADDON_REQUIREMENTS" ] || pip_args+=(-r "$file")
    done
    pip_install "$dir" "${pip_args[@]}"
    for file in "$@"; do
        [ "$file" != "$ADDON_REQUIREMENTS" ] || pip_install "$dir" --no-deps -r "$file"
    done
    printf '%s\n' "$key" >"$dir/.key"
    step_done
}

pip_install() {
    local dir=$1
    shift
    quietly "pip-$(basename "$dir")" "$dir/bin/python" -m pip install --no-input "$@" ||
        fail "pip could not install the Python packages (see above)." \
            "Check that this machine reaches its package index (pip config list), then run the script again."
}

# With ensurepip where Python has it; or else with pip from Debian's package.
create_venv() {
    local dir=$1 wheel
    if python_has_venv "$PYTHON_BIN"; then
        quietly venv "$PYTHON_BIN" -m venv "$dir" || fail "python3 -m venv failed (see above)."
    elif "$PYTHON_BIN" -c 'import venv' 2>/dev/null && wheel=$(pip_wheel); then
        quietly venv "$PYTHON_BIN" -m venv --without-pip "$dir" ||
            fail "python3 -m venv failed (see above)."
        quietly venv-pip "$dir/bin/python" "$wheel/pip" install --no-input "$wheel" ||
            fail "pip could not be put into the Python environment (see above)."
    else
        fail "$PYTHON_BIN can't make virtual environments." \
            "Install Debian's python3-venv (as root: apt install python3-venv), then run the script again."
    fi
}

# A pip to start with, from Debian's own package: a file that Python can run.
pip_wheel() {
    local dir=$STATE/pip deb
    deb=$(deb_in "${ODOO_DEB:-}" "$PIP_PACKAGE") || deb=$(fetch_debs "$PIP_PACKAGE") || return 1
    mkdir -p "$dir"
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$dir" --no-same-owner
    find "$dir" -name 'pip-*.whl' | head -n 1 | grep .
}

# Odoo comes last in the environment's path: so the pins win over what lies
# beside it, and `python -m odoo` works with no further setting.
link_odoo() {
    local site
    site=$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    cp "$STATE/odoo.path" "$site/odoo-source.pth"
}
