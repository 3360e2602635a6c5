"""Who the clients and their managers are, who joins, what changes about them, who leaves."""
