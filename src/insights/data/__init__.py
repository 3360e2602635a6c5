"""Files, tables, dates and identities. This room knows no statistic."""
