"""From the process to a bank's files: columns, codes and days as its systems write them, and the dirt in them."""
