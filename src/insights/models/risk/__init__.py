"""What the risk report and others share: facts of compliance, loans, incidents, charts, and the register of risks."""
