"""What a reader sees: sentences, figures, languages, disclosure, HTML, runs and their history."""

import sys

# jsonschema would spend two seconds of every run on a grammar of international addresses, which no schema here uses.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
