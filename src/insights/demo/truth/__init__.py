"""What nobody at the bank sees and only tests read: the law's own figures, latent values, marginal parameters."""
