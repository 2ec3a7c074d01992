"""What screens and documents tell of one customer, as plain classes.

The model `crm.lifecycle.profile` keeps the fields, the calls of the web client and the
extension points; it makes these objects and calls them.
"""
