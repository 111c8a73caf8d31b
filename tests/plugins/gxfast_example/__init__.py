"""What another distribution adds to gxfast: an importer, a reader of genotypes and an operator."""
