"""Plain classes for what screens and reports show of one customer.

The model `crm.lifecycle.profile` has the fields, the RPC methods and the extension
points; it creates these objects and calls them.
"""
