"""What a careful user writes without another package: the peers that need nothing beyond gxfast's dependencies."""
