. script/lib/common.sh
enter
cd "$ROOT"; export PYTHONPATH=$LIB CORE_DB HYPOTHESIS_STORAGE_DIRECTORY=$STATE/hypothesis
exec timeout 200 "$VENV/bin/python" -m pytest -p pytest_tours --odoo-database=crm_lifecycle_test "$@"
