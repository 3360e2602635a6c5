"""Markets, balances, bookings, products, loans, payments, and the general ledger over them."""
