"""The life of the addons; the command is script/test-life."""
