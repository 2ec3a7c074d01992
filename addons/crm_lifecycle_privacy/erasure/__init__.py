"""Finding, exporting and erasing what is stored on persons."""
