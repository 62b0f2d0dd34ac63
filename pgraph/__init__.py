"""The roof: the command line, the commands behind it, the HTML report."""
