"""What the bank and its clients do beside money: contacts, surveys, events, behaviour; and public life."""
