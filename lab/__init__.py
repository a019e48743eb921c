"""The lab: which storage strategy shrinks an odds database, by measurement."""
