"""Reads `pgraph query lineage --format csv` and says it in words."""

import csv
import sys

for row in csv.DictReader(sys.stdin):
    indent = "  " * int(row["step"])
    print(f"{indent}{row['text']} ({row['role']})")
    if row["relation"]:
        print(f"{indent}  is the {row['relation']} of")
