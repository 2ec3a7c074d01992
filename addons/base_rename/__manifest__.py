{
    "name": "Rename Models and Fields",
    "version": "19.0.1.0.0",
    "category": "Hidden",
    "summary": "Renames models, fields, XML ids and addons, with what users keep",
    "author": "Customer Lifecycle for Odoo",
    "license": "LGPL-3",
    "depends": ["base"],
}
